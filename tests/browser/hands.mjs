// How somebody works with a page: with a pointer, or with the keyboard alone. A task is written once and done by each.

import assert from "node:assert/strict";
import { arrives } from "./harness.mjs";

/** How often Tab is pressed before something counts as out of reach. */
const tabsMax = 400;

/** The three ways in which every task has to go. */
export const ways = [
  { name: "with a script", options: {}, hand: pointer },
  { name: "without a script", options: { javaScriptEnabled: false }, hand: pointer },
  { name: "by keyboard only", options: {}, hand: keyboard },
];

/** Somebody who points and clicks. */
export function pointer(page) {
  return {
    page,
    follow: (name, within = page) => arrives(page, () => link(within, name).click()),
    press: (name, within = page) => arrives(page, () => button(within, name).click()),
    /** Presses what changes the page that is there. */
    touch: (what) => what.click(),
    fill: (what, text) => field(page, what).fill(text),
    tick: (what, is = true) => field(page, what).setChecked(is),
    choose: (what) => field(page, what).check(),
    select: (what, label) => field(page, what).selectOption({ label }),
    give: (what, files) => field(page, what).setInputFiles(files),
    unfold: (name, within = page) => within.locator("summary", { hasText: name }).first().click(),
  };
}

/** Somebody who has no pointer: Tab, Enter, Space, the arrows, and letters. */
export function keyboard(page) {
  const key = (name) => page.keyboard.press(name);
  const go = (what) => reach(page, what);
  return {
    page,
    async follow(name, within = page) {
      await go(link(within, name));
      return arrives(page, () => key("Enter"));
    },
    async press(name, within = page) {
      await go(button(within, name));
      return arrives(page, () => key("Space"));
    },
    async touch(what) {
      await go(what);
      await key("Enter");
    },
    async fill(what, text) {
      const own = field(page, what);
      await go(own);
      if ((await own.getAttribute("type")) === "date") return date(page, own, text);
      await key("Control+A");
      await key("Delete");
      await page.keyboard.type(text);
    },
    async tick(what, is = true) {
      const own = field(page, what);
      await go(own);
      if ((await own.isChecked()) !== is) await key("Space");
      assert.equal(await own.isChecked(), is);
    },
    async choose(what) {
      const own = field(page, what);
      await go(await groupOf(own));
      // Tab leads to one of a group, the arrows to the others.
      for (let at = 0; at < 20 && !(await own.isChecked()); at += 1) {
        const isHere = await own.evaluate((one) => one === document.activeElement);
        await key(isHere ? "Space" : "ArrowDown");
      }
      assert.ok(await own.isChecked(), `the arrows do not lead to ${what}`);
    },
    async select(what, label) {
      const own = field(page, what);
      await go(own);
      const shown = () => own.evaluate((one) => one.selectedOptions[0]?.label.trim());
      await key("Home");
      for (let at = 0; at < 200 && (await shown()) !== label; at += 1) await key("ArrowDown");
      assert.equal(await shown(), label);
    },
    async give(what, files) {
      await go(field(page, what));
      const [chooser] = await Promise.all([page.waitForEvent("filechooser"), key("Space")]);
      await chooser.setFiles(files);
    },
    async unfold(name, within = page) {
      await go(within.locator("summary", { hasText: name }).first());
      await key("Enter");
    },
  };
}

/** Types a date as people do who look at what the browser asks for: the day first, or in some countries the month. */
async function date(page, own, text) {
  const [year, month, day] = text.split("-");
  for (const parts of [day + month + year, month + day + year]) {
    for (let at = 0; at < 2; at += 1) await page.keyboard.press("ArrowLeft");
    await page.keyboard.type(parts);
    if ((await own.inputValue()) === text) return;
  }
  assert.fail(`no way of typing ${text} makes it`);
}

const named = (name) => ({ name, exact: typeof name === "string" });
const link = (within, name) => within.getByRole("link", named(name)).first();
const button = (within, name) => within.getByRole("button", named(name)).first();
// Asked for by its words, or found already.
const field = (within, what) =>
  typeof what === "string" || what instanceof RegExp ? within.getByLabel(what, { exact: typeof what === "string" }) : what;

/** Where Tab arrives in a group of choices: at the chosen one, or at any where none is chosen. */
async function groupOf(own) {
  const name = await own.getAttribute("name");
  const group = own.page().locator(`input[type=radio][name="${name}"]`);
  const chosen = group.and(own.page().locator(":checked"));
  return (await chosen.count()) ? chosen : group;
}

/** Presses Tab until something has the focus. */
async function reach(page, what) {
  const few = what.first();
  await few.waitFor();
  const isThere = () => what.evaluateAll((all) => all.includes(document.activeElement));
  for (let pressed = 0; pressed < tabsMax; pressed += 1) {
    if (await isThere()) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab does not lead to ${what}`);
}
