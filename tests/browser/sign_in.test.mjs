// Coming in and going out: the first link, a wrong password, an invitation, what each role sees, signing out, a session
// that is over.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { arrives, browser, first, invite, open, password, serve, signIn } from "./harness.mjs";
import { keyboard, ways } from "./hands.mjs";
import { violations } from "./judge.mjs";

let pages, brief, chromium, owner;
// When the last page of the brief session was opened, and that session.
let left, away;

before(async () => {
  [pages, brief, chromium] = await Promise.all([serve(), serve({ web: ["time-out-minutes = 1"] }), browser()]);
});

after(async () => {
  await chromium?.close();
  await Promise.all([pages?.stop(), brief?.stop()]);
});

/** The words beside a field, without what only a screen reader is told. */
const plain = (text) => text.replace(/^Error:/, "").trim();

/** Holds that a form was refused as it should be: the summary first, the same words beside the field. */
async function refused(page, field, words, hasScript = true) {
  assert.match(await page.title(), /^Error: .+ – tessera$/);
  const summary = page.locator(".errors");
  assert.equal(await summary.getByRole("heading").innerText(), "There is a problem");
  const link = summary.getByRole("link");
  assert.match(await link.innerText(), words);
  const own = page.getByLabel(field, { exact: true });
  assert.equal(await link.getAttribute("href"), `#${await own.getAttribute("id")}`);
  assert.equal(await own.getAttribute("aria-invalid"), "true");
  const described = (await own.getAttribute("aria-describedby")).split(" ");
  const beside = await page.locator(`#${described.at(-1)}`).innerText();
  assert.equal(plain(beside), plain(await link.innerText()));
  if (!hasScript) return;
  assert.ok(await summary.evaluate((one) => one === document.activeElement), "the summary has the focus");
  await link.focus();
  await page.keyboard.press("Enter");
  assert.ok(await own.evaluate((one) => one === document.activeElement), "its link leads to the field");
}

test("the first link makes an account that may do everything, once", async () => {
  const context = await open(chromium, pages);
  const page = await context.newPage();
  const hand = keyboard(page);
  await page.goto(pages.firstLink);
  await hand.fill("Your name to sign in with", "ada");
  await hand.fill("New password", "too short");
  await hand.press("Choose this password");
  await refused(page, "New password", /15 characters or more/);
  assert.equal(await page.getByLabel("Your name to sign in with").inputValue(), "ada", "what was typed is there");
  await page.reload();
  await hand.fill("Your name to sign in with", "a d a");
  await hand.fill("New password", password);
  await hand.press("Choose this password");
  await refused(page, "Your name to sign in with", /letters, figures/);
  await page.reload();
  await hand.fill("Your name to sign in with", "ada");
  await hand.fill("New password", password);
  await hand.press("Choose this password");
  assert.equal(new URL(page.url()).pathname, "/");
  assert.equal(await page.locator("h1").innerText(), "Today");
  const rooms = await page.locator("nav.way li").allTextContents();
  for (const room of ["Sittings", "Outcomes", "Quarantine", "Audit", "Accounts"]) assert.ok(rooms.includes(room), room);

  const again = await (await open(chromium, pages)).newPage();
  assert.equal((await again.goto(pages.firstLink)).status(), 400);
  assert.match(await again.locator("main").innerText(), /used already/);
  owner = page;
});

for (const way of ways) {
  test(`a wrong password, then the right one, ${way.name}`, async () => {
    const who = `lee-${ways.indexOf(way)}`;
    await (await invite(chromium, pages, owner, who, ["reader"])).context().close();
    const context = await open(chromium, pages, way.options);
    const page = await context.newPage();
    const hand = way.hand(page);
    // Somebody who was led away from a page comes back to it.
    await page.goto("/account");
    assert.equal(new URL(page.url()).pathname, "/sign-in");
    await hand.fill("Name", who);
    await hand.fill("Password", "not the password");
    await hand.press("Sign in");
    await refused(page, "Name", /do not belong together/, way.options.javaScriptEnabled !== false);
    assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), who, "the name need not be typed again");
    assert.equal(await page.getByLabel("Password").inputValue(), "");
    await hand.fill("Password", password);
    await hand.press("Sign in");
    assert.equal(new URL(page.url()).pathname, "/account");
    await hand.press("Sign out");
    assert.equal(new URL(page.url()).pathname, "/sign-in");
    await page.goBack();
    assert.doesNotMatch(await page.locator("body").innerText(), /Change your password/, "nothing is left in the browser");
    assert.equal(new URL((await page.goto("/account")).url()).pathname, "/sign-in");
    await context.close();
  });

  test(`somebody is invited, chooses a password, and sees what their role is for, ${way.name}`, async () => {
    const name = `sam-${ways.indexOf(way)}`;
    // Tries of one account are numbered, so that the owner of the first does not sign in time after time.
    const context = await open(chromium, pages, { ...way.options, storageState: await owner.context().storageState() });
    const own = await context.newPage();
    const hand = way.hand(own);
    await own.goto("/");
    await hand.unfold("More");
    await hand.follow("Accounts");
    await hand.fill("Name", name);
    await hand.tick(/^Reader/, false);
    await hand.press("Make a link for them");
    assert.match(await own.title(), /^Error: /);
    assert.match(await own.locator(".errors").innerText(), /Choose what they may do/);
    assert.equal(await own.locator("#roles p.error").innerText().then(plain), "Choose what they may do");
    await hand.fill("Name", name);
    await hand.tick(/^Administrator/);
    await hand.press("Make a link for them");
    const banner = own.locator(".banner");
    assert.match(await banner.innerText(), /shown once/);
    const link = new URL((await banner.locator("code").innerText()).trim()).pathname;
    assert.match(await own.getByRole("row", { name }).innerText(), /Has a link that is not used yet/);

    const theirs = await open(chromium, pages, way.options);
    const page = await theirs.newPage();
    const other = way.hand(page);
    await page.goto(link);
    assert.match(await page.locator("main").innerText(), new RegExp(`For the account ${name}`));
    await other.fill("New password", password);
    await other.press("Choose this password");
    assert.equal(await page.locator("h1").innerText(), "Today");
    const rooms = await page.locator("nav.way li").allTextContents();
    assert.ok(rooms.includes("Outcomes"));
    for (const room of ["Quarantine", "Audit", "Accounts"]) assert.ok(!rooms.includes(room), room);
    for (const address of ["/accounts", `/accounts/${name}`]) assert.equal((await page.goto(address)).status(), 403, address);
    assert.match(await page.locator("main").innerText(), /has not the role/);

    // Closed, they are out at once, without having signed out.
    await own.goto("/accounts");
    await hand.follow(`Change ${name}`);
    await hand.choose("No, close the account");
    await hand.press("Save");
    assert.match(await own.getByRole("row", { name }).innerText(), /Closed/);
    await page.goto("/");
    assert.equal(new URL(page.url()).pathname, "/sign-in");
    await context.close();
    await theirs.close();
  });
}

test("one's own password is changed, and the old one is good no more", async () => {
  const page = await invite(chromium, pages, owner, "kim", ["reader"]);
  const hand = keyboard(page);
  await hand.follow("kim");
  await hand.fill("Present password", "something else than it");
  await hand.fill("New password", "another four plain words");
  await hand.press("Change the password");
  await refused(page, "Present password", /password you signed in with/);
  await hand.fill("Present password", password);
  await hand.fill("New password", "another four plain words");
  await hand.press("Change the password");
  assert.match(await page.locator(".banner").innerText(), /Your password is changed/);
  await hand.press("Sign out");
  await hand.fill("Name", "kim");
  await hand.fill("Password", password);
  await hand.press("Sign in");
  await refused(page, "Name", /do not belong together/);
  await page.context().close();
});

test("somebody who leaves a form is told before the session ends, and may stay", async () => {
  const context = await open(chromium, brief);
  await (await first(context, brief)).close();
  // A session that is left alone, for the test that follows.
  const quiet = await open(chromium, brief);
  away = await signIn(quiet, "ada");
  await away.goto("/accounts");
  await away.getByLabel("Name", { exact: true }).fill("typed-before");
  await away.getByLabel(/^Approver/).check();
  left = Date.now();

  const page = await context.newPage();
  await page.clock.install();
  await page.goto("/account");
  assert.match(await page.locator("footer").innerText(), /signed out after 1 minute without/);
  await page.getByLabel("Present password").focus();
  await page.clock.fastForward(31_000);
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  assert.ok(await page.getByRole("dialog", { name: "You will be signed out soon" }).isVisible(), "the dialog has a name");
  assert.match(await dialog.innerText(), /In 30 seconds you will be signed out/);
  assert.deepEqual(await violations(page), []);
  const stay = dialog.getByRole("button", { name: "Stay signed in" });
  assert.ok(await stay.evaluate((one) => one === document.activeElement), "the dialog has the focus");
  const [answer] = await Promise.all([page.waitForEvent("response"), page.keyboard.press("Enter")]);
  assert.equal(answer.status(), 204);
  await dialog.waitFor({ state: "detached" });
  assert.ok(
    await page.getByLabel("Present password").evaluate((one) => one === document.activeElement),
    "the focus is where it was",
  );
  await page.clock.fastForward(31_000);
  await dialog.waitFor();
  // Whoever does not answer is signed out, and the page says so instead of showing what it showed.
  await context.clearCookies();
  await page.keyboard.press("Enter");
  await dialog.getByText("You were signed out").waitFor();
  await context.close();
});

test("a form that is sent when the session is over changes nothing, and what was typed is not lost", async () => {
  await new Promise((done) => setTimeout(done, Math.max(0, left + 62_000 - Date.now())));
  // Nobody has answered the question whether they are still there.
  const dialog = away.getByRole("dialog");
  await dialog.getByRole("button", { name: "Stay signed in" }).click();
  await dialog.getByText("You were signed out").waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await dialog.waitFor({ state: "detached" });
  const [answer] = await Promise.all([
    away.waitForEvent("response", (one) => one.request().method() === "POST"),
    arrives(away, () => away.getByRole("button", { name: "Make a link for them" }).click()),
  ]);
  assert.equal(answer.status(), 401);
  assert.deepEqual(await violations(away), []);
  // Somebody who goes on too soon has lost nothing.
  await arrives(away, () => away.getByRole("button", { name: "Go on" }).click());
  assert.match(await away.locator("main").innerText(), /Nothing was changed/);
  const [tab] = await Promise.all([
    away.context().waitForEvent("page"),
    away.getByRole("link", { name: "Sign in in a new tab" }).click(),
  ]);
  await tab.getByLabel("Name", { exact: true }).fill("ada");
  await tab.getByLabel("Password").fill(password);
  await arrives(tab, () => tab.getByRole("button", { name: "Sign in" }).click());
  await arrives(away, () => away.getByRole("button", { name: "Go on" }).click());
  assert.match(await away.locator("main").innerText(), /was not sent yet/);
  assert.deepEqual(await violations(away), []);
  await arrives(away, () => away.getByRole("button", { name: "Send it now" }).click());
  assert.match(await away.locator(".banner").innerText(), /A link for typed-before/);
  assert.match(await away.getByRole("row", { name: "typed-before" }).innerText(), /reader, approver/);
});
