// What every test of the pages has: a rehearsal of its own in a temporary folder, the pages served from it, a browser,
// and people who sign in.

import { execFile, spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const tessera = process.env.TESSERA ?? join(root, "target/debug/tessera");
const run = promisify(execFile);

/** A workbook of the samples: what the 16+ Panel decided on one request. */
export const workbook = "16-plus-2026-11-23.xlsx";

/** A password that tessera takes. */
export const password = "four plain words here";

/** How long anything on a page may take before the test says that it did not come. */
const patience = 10_000;

/**
 * Reads the samples into a ledger of their own, and serves the pages.
 *
 * `web` are lines of `[web]`. The rehearsal approves and sends what the outcomes workbooks hold: those of the workbooks
 * in `wait` are loaded and wait for approval instead, and the workbooks in `aside` are only put into the folder.
 */
export async function serve({ web = [], wait = [], aside = [] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "tessera-pages-"));
  const samples = join(folder, "samples");
  await cp(join(root, "samples"), samples, { recursive: true, filter: (path) => !path.endsWith("/state") });
  const config = join(samples, "tessera.toml");
  const text = await readFile(config, "utf8");
  for (const workbook of [...wait, ...aside]) await rename(join(samples, "outcomes", workbook), join(folder, workbook));
  await writeFile(config, `${text}\n[web]\n${["help = \"Panel support, 01234 567890\"", ...web].join("\n")}\n`);
  const environment = { PATH: process.env.PATH, HOME: folder, TMPDIR: folder };
  const command = (...args) =>
    run(tessera, ["--config", config, "--rehearsal", ...args], { env: environment, maxBuffer: 1 << 26 });
  await run(tessera, ["--config", config, "sync", "--rehearse"], { env: environment, maxBuffer: 1 << 26 });
  for (const workbook of wait) await command("outcomes", "load", join(folder, workbook));

  const args = ["--config", config, "--rehearsal", "--json", "serve", "--listen", "127.0.0.1:0"];
  const server = spawn(tessera, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const said = [];
  createInterface({ input: server.stderr }).on("line", (line) => said.push(line));
  const ended = new Promise((told) => server.once("exit", told));
  const kill = () => server.kill("SIGKILL");
  process.once("exit", kill);
  const { url, first_link: firstLink } = await announced(server, ended, said);

  return {
    url,
    firstLink,
    folder,
    samples,
    command,
    /** What the program has said on standard error. */
    said,
    async stop() {
      server.kill("SIGTERM");
      // Pages that a browser keeps open are given up.
      const late = setTimeout(kill, 3_000);
      await ended;
      clearTimeout(late);
      process.off("exit", kill);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The document in which the program says where the pages are: it stays up, so that the answer ends with a brace. */
async function announced(server, ended, said) {
  let text = "";
  const read = async () => {
    for await (const part of server.stdout) {
      text += part;
      if (text.trimEnd().endsWith("}")) return JSON.parse(text);
    }
    await ended;
    throw new Error(`the pages were not served: ${said.join("\n")}`);
  };
  return read();
}

/** The browser of this machine. */
export function browser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** The windows in which every page has to do. A window of 1280 pixels at 400 % shows what 320 CSS pixels hold. */
export const windows = {
  wide: { viewport: { width: 1280, height: 900 } },
  narrow: { viewport: { width: 320, height: 640 } },
  zoomed: { viewport: { width: 320, height: 225 }, deviceScaleFactor: 4 },
};

/** A window of its own, with no cookies. Pages do not glide, so that a test need not wait for them. */
export async function open(browser, pages, options = {}) {
  const context = await browser.newContext({
    baseURL: pages.url,
    locale: "en-GB",
    timezoneId: "Europe/London",
    reducedMotion: "reduce",
    ...windows.wide,
    ...options,
  });
  context.setDefaultTimeout(patience);
  return context;
}

/** Does what loads another page, and waits until it is there. */
export async function arrives(page, act) {
  const [, done] = await Promise.all([page.waitForEvent("load"), act()]);
  return done;
}

/** Makes the first account, which may do everything, and leaves its owner signed in. */
export async function first(context, pages, name = "ada") {
  const page = await context.newPage();
  await page.goto(pages.firstLink);
  await page.getByLabel("Your name to sign in with").fill(name);
  await page.getByLabel("New password").fill(password);
  await arrives(page, () => page.getByRole("button", { name: "Choose this password" }).click());
  return page;
}

/** Somebody who may do everything invites somebody who may do less, who chooses a password: the page that they see. */
export async function invite(browser, pages, owner, name, roles, options = {}) {
  await owner.goto("/accounts");
  await owner.getByLabel("Name", { exact: true }).fill(name);
  for (const box of await owner.locator("input[name=role]").all()) {
    await box.setChecked(roles.includes(await box.getAttribute("value")));
  }
  await arrives(owner, () => owner.getByRole("button", { name: "Make a link for them" }).click());
  const link = (await owner.locator(".banner code").innerText()).trim();
  const context = await open(browser, pages, options);
  const page = await context.newPage();
  await page.goto(new URL(link).pathname);
  await page.getByLabel("New password").fill(password);
  await arrives(page, () => page.getByRole("button", { name: "Choose this password" }).click());
  return page;
}

/** Signs in on a page of its own. */
export async function signIn(context, name) {
  const page = await context.newPage();
  await page.goto("/sign-in");
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password").fill(password);
  await arrives(page, () => page.getByRole("button", { name: "Sign in" }).click());
  return page;
}
