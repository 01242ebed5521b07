import { expect } from 'vitest';

/** Asserts that opening and closing tags pair up; returns the number of elements. */
export function assertBalanced(xml: string): number {
  const open: string[] = [];
  let elements = 0;
  for (const [, close, name, , empty] of xml.matchAll(/<(\/?)([a-z0-9]+)((?:\s[^<>]*?)?)(\/?)>/g)) {
    if (close) expect(open.pop()).toBe(name);
    else elements += 1;
    if (!close && !empty && name && !VOID.has(name)) open.push(name);
  }
  expect(open).toEqual([]);
  return elements;
}

const VOID = new Set(['meta', 'img', 'br']);
