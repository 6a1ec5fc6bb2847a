// The addresses of the pages, as src/web/router.rs lists them, so that none is forgotten.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./harness.mjs";

/** Every address pattern that can be asked for by GET, most particular first. */
export async function routes() {
  const text = await readFile(join(root, "src/web/router.rs"), "utf8");
  const found = [];
  for (const [, pattern, methods] of text.matchAll(/"(\/[^"\n]*)",\s*([^\n]*)/g)) {
    if (/\bget\(/.test(methods)) found.push(pattern);
  }
  const particular = (pattern) => pattern.split("/").map((part) => (part.startsWith("{") ? "~" : part)).join("/");
  return found.sort((a, b) => (particular(a) < particular(b) ? -1 : 1));
}

/** The pattern that an address is of; the address itself where it is of none. */
export function patternOf(patterns, address) {
  const { pathname } = new URL(address, "http://any");
  const own = patterns.find((pattern) => {
    const parts = pattern.split("/").map((part) => {
      if (part.startsWith("{*")) return ".+";
      if (part.startsWith("{")) return "[^/]+";
      return part.replaceAll(/[.+*?^$()[\]|\\]/g, "\\$&");
    });
    return new RegExp(`^${parts.join("/")}$`).test(pathname);
  });
  return own ?? pathname;
}
