// What each user comes to do, from start to end: with a script, without one, and by keyboard only.

import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { browser, first, invite, open, serve, workbook } from "./harness.mjs";
import { pointer, ways } from "./hands.mjs";
import { listen, wrong } from "./judge.mjs";

/** What the panel is made to have decided in these tests: text that would do harm if anything took it for markup. */
const recommendation = "Synthetic: <b>staying put</b> & review\nuntil the end of the school year";

let chromium;

before(async () => {
  chromium = await browser();
});

after(async () => {
  await chromium?.close();
});

/** The words of the page's main part. */
const words = (page) => page.locator("main").innerText();

/** A section that begins with a heading of these words. */
const section = (page, heading) => page.locator("section", { has: page.getByRole("heading", { name: heading }) });

/** The heading that says how far a request is. */
const verdict = (page) => page.locator("section[aria-labelledby^=child] h2").first();

/** How long a task may take, on a machine that has other things to do. */
const timeout = 120_000;

for (const way of ways) {
  const hasScript = way.options.javaScriptEnabled !== false;
  const well = async (page) => assert.deepEqual(await wrong(page, { hasScript }), []);

  test(`administrator before a cutoff, ${way.name}`, { timeout }, async (t) => {
    const pages = await serve();
    t.after(pages.stop);
    const owner = await first(await open(chromium, pages), pages);
    const page = await invite(chromium, pages, owner, "sam", ["reader", "administrator"], way.options);
    const heard = listen(page, pages.url);
    const hand = way.hand(page);

    // From Today to the sitting, and to the request that lacks something.
    await hand.follow("Support Panel");
    assert.match(await page.locator("h1").innerText(), /Support Panel\s+Wednesday 2 December 2026/);
    assert.match(await words(page), /5 of 12 complete/);
    await hand.follow("lincolnshire-700022", page.getByRole("region", { name: "Chase list" }));
    assert.match(await page.locator(".findings").innerText(), /Chronology is not on the child's record/);
    assert.match(await verdict(page).innerText(), /Incomplete \(2\)/);

    // A fact that is stated mends the findings that hang on it.
    const fact = page.getByRole("group", { name: /because it could not wait/ });
    await hand.choose(fact.getByLabel("Yes", { exact: true }));
    await hand.press("Keep and check again");
    assert.match(await page.locator(".banner").innerText(), /What you stated is kept/);
    assert.doesNotMatch(await page.locator(".findings").innerText(), /Chronology is not on the child's record/);
    assert.match(await verdict(page).innerText(), /Complete/);
    await well(page);

    // A pack, with a paper that belongs to another child.
    await hand.follow("Today");
    await hand.follow("Support Panel");
    assert.match(await words(page), /6 of 12 complete/);
    await hand.follow("lincolnshire-700002", page.getByRole("region", { name: "Chase list" }));
    const second = section(page, /^Child 100003: Incomplete/);
    assert.match(await second.innerText(), /Social care or parenting assessment is not on the child's record/);
    await hand.follow("Check a pack");
    const folder = join(pages.samples, "packs", "lincolnshire-700002");
    const papers = (await readdir(folder)).sort().map((name) => join(folder, name));
    await hand.give("Papers", papers);
    const button = page.getByRole("button", { name: "Check the papers" });
    if (!hasScript) await hand.press("Check the papers");
    else await hand.touch(button);
    await page.getByRole("button", { name: "Keep with the request" }).waitFor();
    assert.equal(await page.locator("[data-paper]").count(), papers.length, "every paper is told of");
    assert.match(await words(page), /Another child’s/);
    assert.doesNotMatch(await words(page), /assessment is not on the child.s record/, "the paper that was missing is among them");
    if (hasScript) {
      assert.equal(await page.locator("[data-pack-told] [role=status]").innerText(), "Every file is read.");
      assert.ok(await page.locator("#result").evaluate((one) => one === document.activeElement), "the focus is on the result");
    }
    await well(page);
    await hand.press("Keep with the request");
    assert.match(await page.locator(".banner").innerText(), /count as handed in/);
    assert.match(await words(page), /Papers kept with this request/);
    assert.match(await words(page), /Child 100003: Complete/);
    assert.match(await page.locator(".tasks").innerText(), /Child and family assessment\.docx/);
    assert.doesNotMatch(await page.locator(".tasks").innerText(), /Case chronology/, "another child's paper is not kept");
    await well(page);

    // One is taken away again, with a reason.
    const kept = page.locator(".tasks > li", { hasText: "assessment.docx" });
    await hand.unfold("Take away", kept);
    await hand.fill(kept.getByLabel("Why"), "Synthetic: an older one");
    await hand.press("Take it away", kept);
    assert.match(await page.locator(".banner").innerText(), /no longer counts/);
    assert.match(await words(page), /Child 100003: Incomplete/);

    // A finding is answered for.
    const own = section(page, /^Child 100002/);
    await hand.unfold(/Answer for a finding/, own);
    // No role is chosen for anybody.
    await hand.select(own.getByLabel("In which role is it answered for?"), "Service manager");
    await hand.fill(own.getByLabel("Why", { exact: true }), "Synthetic: the chair has seen it");
    await hand.fill(own.getByLabel("Until which day"), "2026-12-02");
    await hand.press("Answer for it", own);
    assert.match(await page.locator(".banner").innerText(), /answered for/);
    assert.match(await words(page), /Child 100002: Complete/);
    assert.match(await words(page), /the chair has seen it/);
    await well(page);

    assert.deepEqual(heard, []);
  });

  test(`administrator after a sitting, then somebody who approves, ${way.name}`, { timeout }, async (t) => {
    const pages = await serve({ aside: [workbook] });
    t.after(pages.stop);
    const owner = await first(await open(chromium, pages), pages);
    const page = await invite(chromium, pages, owner, "sam", ["reader", "administrator", "approver"], way.options);
    const heard = listen(page, pages.url);
    const hand = way.hand(page);

    await hand.follow("Sittings");
    await hand.fill("From", "2026-11-23");
    await hand.press("Show");
    await hand.follow("Monday 23 November 2026", page.getByRole("row", { name: /16\+ Panel/ }));
    await hand.follow("Fill in the outcomes");
    const row = section(page, /lambeth-710006, person 110006/);
    const decision = () => row.getByLabel(/^Decision/);
    await hand.select(decision(), "Agreed");
    await hand.press("Check what will be written");

    // What is missing is said above and beside the field, in the same words, and what was chosen is still there.
    assert.match(await page.title(), /^Error: /);
    const error = page.locator(".errors a").first();
    const field = row.getByLabel(/^Recommendation/);
    assert.equal(await error.getAttribute("href"), `#${await field.getAttribute("id")}`);
    const described = await field.getAttribute("aria-describedby");
    assert.match(described, /-error/, "a screen reader says what is wrong with the field");
    const beside = await page.locator(`#${described.split(" ").at(-1)}`).innerText();
    assert.equal(beside.replace(/^Error:/, "").trim(), (await error.innerText()).trim());
    assert.equal(await decision().inputValue(), "agreed");
    await well(page);

    await hand.fill(field, "Synthetic: a first try");
    await hand.press("Check what will be written");
    assert.match(await words(page), /Nothing is recorded yet/);
    assert.match(await page.locator("pre").first().innerText(), /Synthetic: a first try/);
    await well(page);
    await hand.press("Change something");
    assert.equal(await field.inputValue(), "Synthetic: a first try", "what was typed is kept");
    // Enter within a text area begins a line, and sends nothing.
    await hand.fill(field, recommendation);
    await hand.press("Check what will be written");
    const note = await page.locator("pre").first().innerText();
    assert.match(note, /Decision: Agreed/);
    assert.ok(note.includes(recommendation.split("\n")[0]), note);
    await hand.press("Record these outcomes");
    assert.match(await page.locator(".banner").innerText(), /Nothing is written on a record before somebody approves it/);

    // The same person may not approve, whatever their roles.
    assert.match(await words(page), /lambeth-710006, person 110006/);
    assert.equal(await page.getByRole("button", { name: /^Approve/ }).count(), 0);
    await well(page);

    // Somebody else sees exactly what the first has seen, and approves it.
    const other = await invite(chromium, pages, owner, "kim", ["reader", "approver"], way.options);
    const theirs = way.hand(other);
    await theirs.follow("Outcomes that wait for approval");
    assert.equal(await other.locator("pre").first().innerText(), note);
    await theirs.press("Approve this");
    assert.match(await other.locator(".banner").innerText(), /Approved: 1 request/);
    assert.match(await words(other), /No outcome waits for approval/);
    await theirs.follow("Write-backs");
    const sent = other.getByRole("row", { name: /lambeth-710006/ });
    assert.match(await sent.first().innerText(), /Waits to be sent/);

    // The next job sends it, and a receipt stands beside it.
    await pages.command("sync", "--rehearse");
    await other.reload();
    assert.match(await sent.first().innerText(), /Sent to Mosaic\s+Mosaic \d+/);
    await well(other);

    assert.deepEqual(heard, []);
  });

  test(`a workbook instead of the form, and turned down, ${way.name}`, { timeout }, async (t) => {
    const pages = await serve({ aside: [workbook] });
    t.after(pages.stop);
    const owner = await first(await open(chromium, pages), pages);
    const page = await invite(chromium, pages, owner, "sam", ["reader", "administrator"], way.options);
    const hand = way.hand(page);
    await hand.follow("Outcomes");
    await hand.give("Or send the workbook that you filled in", [join(pages.folder, workbook)]);
    await hand.press("Check the workbook");
    assert.match(await words(page), /Nothing is recorded yet\. New: 1\./);
    await well(page);
    await hand.press("Record these outcomes");
    assert.match(await page.locator(".banner").innerText(), /recorded/);

    const other = await invite(chromium, pages, owner, "kim", ["reader", "approver"], way.options);
    const theirs = way.hand(other);
    await theirs.follow("Outcomes that wait for approval");
    const waits = section(other, /lambeth-710006/);
    await theirs.unfold(/Turn it down/, waits);
    await theirs.fill(waits.getByLabel("Why"), "Synthetic: the conditions are missing");
    await theirs.press(/^Turn it down/, waits);
    assert.match(await other.locator(".banner").innerText(), /turned down/);
    assert.match(await words(other), /No outcome waits for approval/);
  });

  test(`systems, ${way.name}`, { timeout }, async (t) => {
    const pages = await serve({ wait: [workbook] });
    t.after(pages.stop);
    const owner = await first(await open(chromium, pages), pages);
    const approver = await invite(chromium, pages, owner, "kim", ["reader", "approver"]);
    await pointer(approver).follow("Outcomes that wait for approval");
    await pointer(approver).press("Approve this");
    const page = await invite(chromium, pages, owner, "max", ["reader", "systems"], way.options);
    const hand = way.hand(page);

    // What could not be read is given up with a reason, or read again.
    await hand.follow("Records that could not be read");
    assert.match(await words(page), /Records that could not be read wait here/);
    const rows = page.getByRole("region", { name: "In quarantine" }).getByRole("row");
    const before = await rows.count();
    await hand.follow("8");
    assert.match(await words(page), /cmr-empty\.csv/);
    await well(page);
    await hand.fill("Why it is given up", "Synthetic: the report was run again");
    await hand.press("Give it up");
    assert.match(await page.locator(".banner").innerText(), /given up, with your reason/);
    assert.equal(await rows.count(), before - 1);
    await hand.press("Read all of them again");
    assert.match(await page.locator(".banner").innerText(), /Still waiting: \d+/);
    await hand.follow("Those that were settled too");
    assert.match(await words(page), /discarded/);
    await well(page);

    // A write-back is held, and let go on.
    await hand.follow("Write-backs");
    await hand.select("State", "Waits to be sent");
    await hand.press("Show");
    await hand.follow(/^TES-/, page.getByRole("region", { name: /Write-backs/ }));
    const reference = (await page.locator("h1").innerText()).replace("Write-back ", "");
    await hand.press("Hold it back");
    assert.match(await words(page), /Held for a person/);
    await well(page);
    await hand.follow("Today");
    await hand.follow("Write-backs that wait for a person");
    await hand.follow(reference);
    await hand.press("Let it go on");
    assert.match(await words(page), /Waits to be sent/);

    // The mapping files, and the trail of all this.
    await hand.unfold("More");
    await hand.follow("Mappings");
    assert.match(await words(page), /as they should be/);
    await well(page);
    await hand.unfold("More");
    await hand.follow("Audit");
    assert.match(await words(page), /max \(systems\)/);
    await hand.fill("By", "max (systems)");
    await hand.press("Show");
    const trail = page.getByRole("region", { name: /Entries/ });
    assert.match(await trail.innerText(), /max \(systems\)/);
    assert.doesNotMatch(await trail.innerText(), /\(approver\)/);
    await well(page);
  });

  test(`reader, ${way.name}`, { timeout }, async (t) => {
    const pages = await serve({ wait: [workbook] });
    t.after(pages.stop);
    const owner = await first(await open(chromium, pages), pages);
    const page = await invite(chromium, pages, owner, "lee", ["reader"], way.options);
    const hand = way.hand(page);

    // By search to a request, of which everything is shown and nothing can be changed.
    await hand.fill(page.getByRole("searchbox"), "100002");
    await hand.press("Search");
    assert.match(await words(page), /lincolnshire-700002/);
    assert.equal(await page.getByRole("button", { name: /Keep|Answer|Check/ }).count(), 0);
    assert.equal(await page.getByRole("link", { name: "Check a pack" }).count(), 0);
    await well(page);
    await hand.follow("Figures");
    await hand.unfold(/Show the numbers/);
    await well(page);
    await hand.follow("Outcomes");
    await hand.follow(/waiting for approval/);
    assert.equal(await page.locator("main").getByRole("button").count(), 0, "a reader approves nothing");
    await hand.follow("Sittings");
    await hand.follow("Wednesday 2 December 2026", page.getByRole("row", { name: /Support Panel/ }));
    assert.equal(await page.locator("main").getByRole("button").count(), 0);
    for (const address of ["/requests/lincolnshire-700002/pack", "/quarantine", "/audit", "/mappings"]) {
      assert.equal((await page.goto(address)).status(), 403, address);
    }
    // A name that somebody searches for is in no address.
    await page.goto("/");
    await hand.fill(page.getByRole("searchbox"), "Somebody Synthetic");
    await hand.press("Search");
    assert.doesNotMatch(page.url(), /Synthetic/);
    assert.match(await words(page), /Nobody is found by name/);
  });
}
