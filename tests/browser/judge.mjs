// What has to hold on every page, whatever stands on it.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What is asked of axe: WCAG 2.2 at level AA, and what its makers hold to be good practice. */
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** How many elements are named that a rule of axe finds fault with. */
const listMax = 5;

/** Into how many parts a browser takes a date, with what opens its calendar. */
const partsMax = 5;

/** Listens to a page: what it complains of, and what it asks of whom. `heard` has it, `allow` forgives statuses. */
export function listen(page, origin) {
  const heard = [];
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    // That a page was answered with 404 or 422 is what some tests are about, and is held by them.
    if (/^Failed to load resource.*status of (4\d\d|503)/.test(message.text()) && message.location().url === page.url()) return;
    heard.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => heard.push(`script: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && !["data:", "blob:"].includes(url.protocol)) heard.push(`another origin: ${url.origin}`);
  });
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText;
    // A page that is left, and a file that is saved instead of shown.
    if (why !== "net::ERR_ABORTED") heard.push(`not loaded: ${new URL(request.url()).pathname}: ${why}`);
  });
  return heard;
}

/**
 * What is wrong with the page that is shown, in words; nothing where it is well. Where no script may run, axe cannot:
 * its clock stands still.
 */
export async function wrong(page, { mayBeAlone = false, hasScript = true } = {}) {
  return [...(await page.evaluate(shape, { mayBeAlone })), ...(hasScript ? await violations(page) : [])];
}

/** What axe finds. Its text is evaluated by the inspector, which the page's own policy does not concern. */
export async function violations(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(
    (tags) => globalThis.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }),
    tags,
  );
  return violations.map((one) => {
    const nodes = one.nodes.slice(0, listMax).map((node) => `    ${node.html.slice(0, 160)}\n      ${node.failureSummary.replaceAll("\n", " ")}`);
    return `axe ${one.id} (${one.nodes.length}): ${one.help}\n${nodes.join("\n")}`;
  });
}

/** Runs in the page. */
function shape({ mayBeAlone }) {
  const found = [];
  const say = (text) => found.push(text);
  const short = (element) => element.outerHTML.replace(/\s+/g, " ").slice(0, 120);
  if (document.documentElement.lang !== "en-GB") say("the language is not said");
  if (!document.title.endsWith(" – tessera")) say(`the title is "${document.title}"`);
  const headings = [...document.querySelectorAll("h1")];
  if (headings.length !== 1) say(`there are ${headings.length} headings of the first level`);
  else if (!document.title.includes(headings[0].lastChild.textContent.trim())) {
    say(`the title "${document.title}" does not name the heading "${headings[0].textContent.trim()}"`);
  }
  const back = document.querySelector("nav.way a[href], a.back[href], main a[href='/']");
  if (!back && !mayBeAlone) say("there is no way back");
  const scrolls = document.scrollingElement;
  if (scrolls.scrollWidth > scrolls.clientWidth) {
    // Whatever stands within a box that scrolls by itself is not to blame.
    const within = (element) => {
      for (let up = element.parentElement; up && up !== document.body; up = up.parentElement) {
        if (["auto", "scroll", "hidden"].includes(getComputedStyle(up).overflowX)) return true;
      }
      return false;
    };
    const wide = [...document.body.querySelectorAll("*")].filter(
      (element) => element.getBoundingClientRect().right > scrolls.clientWidth + 1 && !within(element),
    );
    say(`the page scrolls sideways (${scrolls.scrollWidth} of ${scrolls.clientWidth}): ${wide.slice(-3).map(short).join(" | ")}`);
  }
  for (const target of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
    const style = getComputedStyle(target);
    const box = target.getBoundingClientRect();
    const isHidden = style.visibility === "hidden" || style.clipPath !== "none" || target.ariaHidden === "true" || !box.width;
    // A link in a line of text is as high as the line (WCAG 2.2, 2.5.8); axe sees to the room round it.
    if (isHidden || style.display === "inline") continue;
    if (box.width < 24 || box.height < 24) say(`${Math.round(box.width)} by ${Math.round(box.height)} pixels are few for ${short(target)}`);
  }
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (field.ariaHidden !== "true" && !field.labels?.length) say(`no label for ${short(field)}`);
  }
  for (const { form } of [...document.querySelectorAll("form[method=post]")].map((form) => ({ form }))) {
    const isOpen = /^\/(sign-in|invitation)/.test(new URL(form.action).pathname);
    if (!isOpen && !form.querySelector("input[name=csrf]")) say(`a form without its token: ${new URL(form.action).pathname}`);
  }
  return found;
}

/**
 * Goes through the page by Tab, from its top to its end. Everything that can be pressed has to be reached once, to look
 * different when it is, and to be in sight.
 */
export async function walk(page) {
  const found = [];
  const expected = await page.evaluate(() => {
    const may = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0'], audio[controls], video[controls]";
    const groups = new Set();
    globalThis.looks = (element) => {
      const { outlineStyle, outlineWidth, outlineColor, boxShadow, backgroundColor, borderColor, color } = getComputedStyle(element);
      return JSON.stringify([outlineStyle, outlineWidth, outlineColor, boxShadow, backgroundColor, borderColor, color]);
    };
    // Tab goes on from where the focus was last: at the top again, as in a page that has just come.
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
    scrollTo(0, 0);
    const all = [...document.querySelectorAll(may)].filter((element) => {
      if (element.tabIndex < 0 || element.disabled || !element.checkVisibility({ visibilityProperty: true })) return false;
      if (element.type !== "radio") return true;
      const group = `${element.form?.action} ${element.name}`;
      if (groups.has(group)) return false;
      return groups.add(group);
    });
    globalThis.unfocused = new Map(
      [...document.querySelectorAll(may)].map((element) => [element, globalThis.looks(element)]),
    );
    return all.length;
  });
  const seen = new Set();
  let [last, parts] = [null, 0];
  for (let pressed = 0; pressed < expected + 5; pressed += 1) {
    await page.keyboard.press("Tab");
    const now = await page.evaluate(() => {
      const element = document.activeElement;
      if (!element || element === document.body || element === document.documentElement) return null;
      globalThis.numbers ??= new Map();
      if (!globalThis.numbers.has(element)) globalThis.numbers.set(element, globalThis.numbers.size);
      const box = element.getBoundingClientRect();
      const [x, y] = [Math.min(Math.max((box.left + box.right) / 2, 0), innerWidth - 1), Math.min(Math.max((box.top + box.bottom) / 2, 0), innerHeight - 1)];
      const top = document.elementFromPoint(x, y);
      const isSeen = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
      const isCovered = top && !(element.contains(top) || top.contains(element) || [...(element.labels ?? [])].some((label) => label.contains(top)));
      return {
        number: globalThis.numbers.get(element),
        short: element.outerHTML.replace(/\s+/g, " ").slice(0, 120),
        looksTheSame: globalThis.unfocused.get(element) === globalThis.looks(element),
        isSeen,
        isCovered,
      };
    });
    if (!now) break;
    if (seen.has(now.number)) {
      // A date has parts, and Tab goes through them.
      if (now.number === last && (parts += 1) < partsMax) {
        pressed -= 1;
        continue;
      }
      break;
    }
    seen.add(now.number);
    [last, parts] = [now.number, 0];
    if (now.looksTheSame) found.push(`the focus does not show on ${now.short}`);
    if (!now.isSeen) found.push(`the focus is out of sight on ${now.short}`);
    else if (now.isCovered) found.push(`something lies over ${now.short}`);
  }
  if (seen.size !== expected) found.push(`Tab leads to ${seen.size} of ${expected} things`);
  return found;
}
