import { expect, it } from 'vitest';
import { printable, printableLines } from '../src/printable.js';

it.each([
  ['plain name.png', 'plain name.png'],
  ['größe 写真 👩‍👧 نمی‌خواهم', 'größe 写真 👩‍👧 نمی‌خواهم'],
  ['\u001b[2Jcleared\u0007', '\\x1b[2Jcleared\\x07'],
  ['\u009b31mred', '\\x9b31mred'],
  ['two\nlines\r', 'two\\x0alines\\x0d'],
  ['photo\u202egnp.exe', 'photo\\u202egnp.exe'],
  ['a\u2028b', 'a\\u2028b'],
  ['\u{e0041}tag', '\\u{e0041}tag'],
  ['stra\udcdfe', 'stra\\xdfe'],
  ['\ud800', '\\ud800'],
])('shows %j', (name, shown) => {
  expect(printable(name)).toBe(shown);
});

it('keeps the lines of a text', () => {
  expect(printableLines('a\tb\n\u001b[1mc\n')).toBe('a\tb\n\\x1b[1mc\n');
});
