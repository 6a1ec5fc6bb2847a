// Every page that a link leads to, for somebody who may do everything: axe, 320 pixels, 400 %, the keyboard, the policy.

import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { arrives, browser, first, invite, open, serve, windows } from "./harness.mjs";
import { listen, walk, wrong } from "./judge.mjs";
import { patternOf, routes } from "./routes.mjs";

/** How many pages of one address pattern are looked at. */
const likeMax = 3;

/**
 * Addresses that no link leads to: what a script asks for, what somebody comes to from outside, and the council's own
 * sign-in, which these pages are served without.
 */
const unlinked = new Set([
  "/stay",
  "/sign-in",
  "/sign-in/council",
  "/sign-in/council/back",
  "/invitation/{secret}",
  "/assets/{version}/{name}",
]);

/** Where links are followed from: the first page, and what forms lead to. */
const starts = ["/", "/search", "/search?for=2026-12-04", "/search?for=9999", "/sittings?panel=lambeth/crp", "/requests?person=1"];

const pictures = join(dirname(fileURLToPath(import.meta.url)), "screenshots");

let pages, chromium, patterns, cookies;
// What was found by following links: the address of each page, under its pattern.
const found = new Map();

before(async () => {
  patterns = await routes();
  [pages, chromium] = await Promise.all([serve({ wait: ["support-panel-2026-11-25.xlsx"] }), browser()]);
  await rm(pictures, { recursive: true, force: true });
  const context = await open(chromium, pages);
  await first(context, pages);
  cookies = await context.storageState();
  await context.close();
});

after(async () => {
  await chromium?.close();
  await pages?.stop();
});

/** What is wrong with a page in each window, and a picture of it: each thing once, with the windows that have it. */
async function look(all, name, options) {
  const told = new Map();
  const own = async ([window, { viewport }]) => {
    const page = all[window];
    if (!page) return;
    await page.setViewportSize(viewport);
    const path = join(pictures, window, `${name.replaceAll(/[^a-z0-9-]+/gi, "_")}.png`);
    await mkdir(dirname(path), { recursive: true });
    await page.screenshot({ path, fullPage: window !== "zoomed" });
    // What is as wide as a narrow window and lower shows all that Tab could do wrong in the narrow one.
    const walked = window === "narrow" ? [] : await walk(page);
    for (const text of [...walked, ...(await wrong(page, options))]) told.set(text, [...(told.get(text) ?? []), window]);
  };
  await Promise.all(Object.entries(windows).map(own));
  return [...told].map(([text, windows]) => `${name} (${windows.join(", ")}): ${text}`);
}

/** A page in each window, with what it complains of. */
async function eachWindow(state) {
  const all = { heard: {} };
  for (const [window, options] of Object.entries(windows)) {
    const context = await open(chromium, pages, { ...options, storageState: state });
    all[window] = await context.newPage();
    all.heard[window] = listen(all[window], pages.url);
  }
  return all;
}

const names = Object.keys(windows);

async function go(all, address) {
  return Promise.all(names.map((window) => all[window].goto(address)));
}

function heard(all, name) {
  return names.flatMap((window) => all.heard[window].splice(0).map((text) => `${name} (${window}): ${text}`));
}

async function close(all) {
  for (const window of names) await all[window].context().close();
}

test("links lead to pages that are there, and to every page", async () => {
  const context = await open(chromium, pages, { storageState: cookies });
  const page = await context.newPage();
  const waiting = starts.map((address) => ({ address, from: "a form" }));
  const asked = new Set(starts);
  const counts = new Map();
  const dead = [];
  while (waiting.length) {
    const { address, from } = waiting.shift();
    const pattern = `${patternOf(patterns, address)}${new URL(address, pages.url).search ? "?" : ""}`;
    const count = counts.get(pattern) ?? 0;
    if (count >= likeMax) continue;
    counts.set(pattern, count + 1);
    const answer = await context.request.get(address);
    const type = answer.headers()["content-type"] ?? "";
    if (answer.status() !== 200) {
      dead.push(`${address} answers ${answer.status()}: a link on ${from} leads there`);
      continue;
    }
    if (!type.startsWith("text/html")) {
      if (!/attachment/.test(answer.headers()["content-disposition"] ?? "")) dead.push(`${address} is ${type} and no file to save`);
      found.set(address, { pattern, isPage: false });
      continue;
    }
    found.set(address, { pattern, isPage: true });
    await page.goto(address);
    for (const link of await page.locator("a[href]").evaluateAll((all) => all.map((one) => one.href))) {
      const url = new URL(link);
      if (url.origin !== pages.url) continue;
      const next = url.pathname + url.search;
      if (asked.has(next)) continue;
      asked.add(next);
      waiting.push({ address: next, from: address });
    }
  }
  await context.close();
  const reached = new Set([...found.keys()].map((address) => patternOf(patterns, address)));
  const missed = patterns.filter((pattern) => !reached.has(pattern) && !unlinked.has(pattern));
  assert.deepEqual({ dead, missed }, { dead: [], missed: [] });
});

test("every page does, in every window", async () => {
  assert.ok(found.size > 3, "links were followed");
  const all = await eachWindow(cookies);
  const told = [];
  const seen = new Map();
  for (const [address, { pattern, isPage }] of found) {
    if (!isPage) continue;
    const count = (seen.get(pattern) ?? 0) + 1;
    seen.set(pattern, count);
    await go(all, address);
    told.push(...(await look(all, `${pattern.slice(1) || "today"}${count > 1 ? `-${count}` : ""}`)), ...heard(all, address));
  }
  await close(all);
  assert.deepEqual(told, []);
});

test("the pages of everybody, and what a page says that cannot be shown", async () => {
  const told = [];
  const nobody = await eachWindow();
  const owner = await eachWindow(cookies);
  const reader = await (async () => {
    const page = await invite(chromium, pages, owner.wide, "reader", ["reader"]);
    const state = await page.context().storageState();
    await page.context().close();
    return eachWindow(state);
  })();
  owner.heard.wide.length = 0;

  const cases = [
    { all: nobody, address: "/sign-in", status: 200, name: "sign-in", mayBeAlone: true },
    { all: nobody, address: "/invitation/nothing", status: 400, name: "invitation-used" },
    { all: owner, address: "/nowhere", status: 404, name: "not-there" },
    { all: reader, address: "/accounts", status: 403, name: "may-not" },
  ];
  for (const { all, address, status, name, mayBeAlone } of cases) {
    for (const answer of await go(all, address)) assert.equal(answer.status(), status, address);
    told.push(...(await look(all, name, { mayBeAlone })), ...heard(all, address));
  }

  // A wrong password, in each window.
  await go(nobody, "/sign-in");
  for (const window of names) {
    await nobody[window].getByLabel("Name", { exact: true }).fill("nobody");
    await nobody[window].getByLabel("Password").fill("not a password");
    await arrives(nobody[window], () => nobody[window].getByRole("button", { name: "Sign in" }).click());
  }
  told.push(...(await look(nobody, "sign-in-refused", { mayBeAlone: true })), ...heard(nobody, "a wrong password"));

  // An invitation that holds: made in one window, opened in all.
  await owner.wide.goto("/accounts");
  await owner.wide.getByLabel("Name", { exact: true }).fill("newcomer");
  await arrives(owner.wide, () => owner.wide.getByRole("button", { name: "Make a link for them" }).click());
  const link = new URL((await owner.wide.locator(".banner code").innerText()).trim());
  told.push(...(await look({ wide: owner.wide }, "accounts-link")));
  await go(nobody, link.pathname);
  told.push(...(await look(nobody, "invitation", { mayBeAlone: true })), ...heard(nobody, "an invitation"));
  for (const window of names) {
    await nobody[window].getByLabel("New password").fill("short");
    await arrives(nobody[window], () => nobody[window].getByRole("button", { name: "Choose this password" }).click());
  }
  told.push(...(await look(nobody, "invitation-refused", { mayBeAlone: true })), ...heard(nobody, "a short password"));

  // A form from before somebody signed in.
  await go(owner, "/accounts");
  for (const window of names) {
    await owner[window].locator("main form input[name=csrf]").first().evaluate((field) => (field.value = "stale"));
    await owner[window].getByLabel("Name", { exact: true }).fill("stale");
    const [answer] = await Promise.all([
      owner[window].waitForEvent("response", (one) => one.request().method() === "POST"),
      arrives(owner[window], () => owner[window].getByRole("button", { name: "Make a link for them" }).click()),
    ]);
    assert.equal(answer.status(), 403);
  }
  told.push(...(await look(owner, "stale")), ...heard(owner, "a stale form"));

  for (const all of [nobody, owner, reader]) await close(all);
  assert.deepEqual(told, []);
});
