import { readFile } from 'node:fs/promises';
import type { Rgb } from './color.js';
import { LabelFileError, reasonOf } from './errors.js';
import { systemPath } from './file-names.js';
import { colorKey, type PaletteColor } from './label-coding.js';

/** A color of a palette and the name of its class. */
export interface NamedColor extends PaletteColor {
  /** Name of the class. */
  readonly name: string;
}

/** A line of a palette, or an element of its list. */
interface Entry extends NamedColor {
  readonly line: number;
}

/** A line with a color. */
interface Row {
  readonly line: number;
  readonly words: readonly string[];
}

/**
 * Reads the colors of classes from text or JSON. A line of text has red, green, blue and a name, or the name
 * first (CSV, CamVid's `label_colors.txt`, CVAT's `labelmap.txt`, GIMP's palettes). Every line may have an id
 * before the color; otherwise ids count the colors from 0. A header and lines that begin with `#` are
 * skipped. JSON is a list of `{"id": 0, "name": "Road", "color": [128, 64, 128]}`.
 *
 * @throws LabelFileError naming file and line
 */
export async function readPalette(path: string): Promise<readonly NamedColor[]> {
  const text = await readFile(systemPath(path), 'utf8').catch((error: unknown) => {
    throw new LabelFileError(path, 0, `cannot be read (${reasonOf(error)})`);
  });
  const entries = /^\s*[[{]/.test(text) ? listed(path, text) : lines(path, text);
  if (entries.length === 0) throw new LabelFileError(path, 0, 'has no colors');
  checkUnique(path, entries);
  return entries.map(({ id, name, color }) => ({ id, name, color }));
}

const COLOR = 'expected a name and three numbers from 0 to 255 (red, green, blue)';

function lines(path: string, text: string): Entry[] {
  const rows: Row[] = [];
  let colorFirst = false;
  for (const [index, content] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = index + 1;
    const words = content.split(/[\s,;:"]+/).filter((word) => word !== '');
    if (rows.length === 0 && COLOR_FIRST.test(content)) colorFirst = true;
    if (words.length === 0 || content.trim().startsWith('#')) continue;
    if (hasColor(words)) rows.push({ line, words });
    else if (rows.length > 0 || !HEADER.test(content)) {
      throw new LabelFileError(path, line, `has no color: ${COLOR}`);
    }
  }
  checkOrder(path, rows, colorFirst);
  const withIds = rows.every(({ words }) => isNumber(words[0] ?? '') && hasColor(words.slice(1)));
  return rows.map(({ line, words }, index) => {
    const id = withIds ? Number(words[0]) : index;
    const rest = withIds ? words.slice(1) : words;
    const at = numbersFrom(rest, 1) >= 3 ? 0 : rest.length - 3;
    const color = colorIn(path, line, rest.slice(at, at + 3).map(Number));
    const name = [...rest.slice(0, at), ...rest.slice(at + 3)].join(' ');
    return { line, id: checked(path, line, id), name: name || `class ${id}`, color };
  });
}

/**
 * Rejects rows of a color and a fourth number, whose last three numbers would be read as the color. A first
 * number that counts the rows is an id, not red.
 *
 * @param colorFirst whether a header says that the color comes first
 */
function checkOrder(path: string, rows: readonly Row[], colorFirst: boolean): void {
  const numbers = rows.map(({ words }) => fourNumbers(words));
  const [first] = rows;
  if (!first || numbers.includes(undefined)) return;
  const [leading, last] = [0, 3].map((at) => numbers.map((four) => four?.[at] ?? -1));
  const opaque = last?.every((value) => value === 255);
  const others = rows.length > 1 && !counts(leading) && (opaque || counts(last));
  const startsWithColor = colorFirst && rows.every(({ words }) => numbersFrom(words, 1) >= 4);
  if (!others && !startsWithColor) return;
  throw new LabelFileError(
    path,
    first.line,
    `has a number after the color ${numbers[0]?.slice(0, 3).join(', ')}: expected the id before the color, and no alpha`,
  );
}

/** The first four words, or else the last four, if they are numbers. */
function fourNumbers(words: readonly string[]): number[] | undefined {
  if (numbersFrom(words, 1) >= 4) return words.slice(0, 4).map(Number);
  return numbersFrom(words, -1) >= 4 ? words.slice(-4).map(Number) : undefined;
}

/** Whether values count up from 0 or 1. */
function counts(values: readonly number[] = []): boolean {
  const [start = -1] = values;
  return (start === 0 || start === 1) && values.every((value, index) => value === start + index);
}

/** A header, or a comment above the colors, whose first columns are red and green. */
const COLOR_FIRST = /^\W*r(ed)?\W+g(reen)?\b/i;

/** Column names, and the first lines of a GIMP palette. */
const HEADER = /^\D*$|^Columns:/;

function hasColor(words: readonly string[]): boolean {
  return numbersFrom(words, 1) >= 3 || numbersFrom(words, -1) >= 3;
}

/** How many words are numbers, from the first or the last one on. */
function numbersFrom(words: readonly string[], step: 1 | -1): number {
  const ordered = step === 1 ? words : words.toReversed();
  const end = ordered.findIndex((word) => !isNumber(word));
  return end < 0 ? ordered.length : end;
}

function isNumber(word: string): boolean {
  return /^\d+$/.test(word);
}

function listed(path: string, text: string): Entry[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    throw new LabelFileError(path, 0, `is not JSON (${reasonOf(error)})`);
  }
  if (!Array.isArray(list)) throw new LabelFileError(path, 0, 'is not a JSON list of {id, name, color}');
  return list.map((entry: unknown, index) => {
    const { id = index, name, color } = objectOf(entry);
    if (!Array.isArray(color) || typeof id !== 'number') {
      throw new LabelFileError(
        path,
        0,
        `entry ${index} is not {id, name, color} with a color of three numbers`,
      );
    }
    const numbers = color.map(Number);
    return {
      line: 0,
      id: checked(path, 0, id),
      name: typeof name === 'string' ? name : `class ${id}`,
      color: colorIn(path, 0, numbers),
    };
  });
}

/** The properties of a value of JSON. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function colorIn(path: string, line: number, numbers: readonly number[]): Rgb {
  const [red = -1, green = -1, blue = -1] = numbers;
  if (numbers.length !== 3 || !numbers.every(isByte)) {
    throw new LabelFileError(path, line, `has no color ${numbers.join(', ')}: ${COLOR}`);
  }
  return [red, green, blue];
}

function checked(path: string, line: number, id: number): number {
  if (isByte(id)) return id;
  throw new LabelFileError(path, line, `has the id ${id}: expected one from 0 to 255`);
}

function isByte(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 255;
}

function checkUnique(path: string, entries: readonly Entry[]): void {
  const ofColor = new Map<number, Entry>();
  for (const entry of entries) {
    const key = colorKey(...entry.color);
    const former = ofColor.get(key);
    if (former) {
      const where = former.line > 0 ? `, as line ${former.line}` : '';
      const reason = `has the color ${entry.color.join(', ')} for ${entry.name} and ${former.name}${where}`;
      throw new LabelFileError(path, entry.line, reason);
    }
    ofColor.set(key, entry);
  }
}
