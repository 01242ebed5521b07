/** The classes of a segmentation network: names and colors of its outputs. */
import type { Rgb } from '@inplace-abn/data';
import { z } from 'zod';
import { ConfigError, duplicateKeys, locate } from '../config/error.js';
import { section } from '../config/fields.js';
import type { KeyPath } from '../config/json.js';
import { nearestName, type Problem, pathOf, valueProblem } from '../config/problems.js';
import { readJson } from '../config/read-json.js';
import vistas from './vistas-classes.json' with { type: 'json' };

/** A class of a segmentation task, with its color. */
export interface SegmentationClass {
  /** Index of the network's output, and pixel value in files. */
  readonly id: number;
  /** Name, as tables and pages show it. */
  readonly name: string;
  /** Red, green, blue; 0 to 255. */
  readonly color: Rgb;
}

/** Pixels of class maps are bytes. */
export const MOST_CLASSES = 256;

const idExpected = `an integer from 0 to ${MOST_CLASSES - 1}`;
const colorExpected = 'a list of three integers from 0 to 255 (red, green, blue)';
const listExpected = `a list of 1 to ${MOST_CLASSES} classes`;

function byte(expected: string) {
  return z.int(expected).min(0, expected).max(255, expected);
}

const classSchema = section({
  id: byte(idExpected),
  name: z.string('a name').trim().min(1, 'a name'),
  color: z.tuple([byte(colorExpected), byte(colorExpected), byte(colorExpected)], colorExpected),
});
const listSchema = z.array(classSchema, listExpected).min(1, listExpected).max(MOST_CLASSES, listExpected);

/** The 65 classes of Mapillary Vistas, in the order of the published network's outputs. */
export const vistasClasses: readonly SegmentationClass[] = listSchema.parse(vistas);

/** Classes for a network without a class list: those of Vistas if their number matches. */
export function defaultClasses(count: number): readonly SegmentationClass[] {
  return count === vistasClasses.length ? vistasClasses : plainClasses(count);
}

/**
 * Reads a class list: a JSON list of `{"id": 0, "name": "Road", "color": [128, 64, 128]}` with every id from
 * 0 to classes − 1 once, in any order.
 *
 * @returns the classes by id
 * @throws {ConfigError} naming file, line, column and key of every problem
 */
export async function loadClasses(path: string): Promise<readonly SegmentationClass[]> {
  const json = await readJson(path, 'a JSON list of classes');
  const result = listSchema.safeParse(json.value);
  const problems = result.success
    ? idProblems(result.data)
    : result.error.issues.flatMap((issue) => problemsOf(issue, json.value));
  const located = [...problems.map((problem) => locate(problem, json)), ...duplicateKeys(json)];
  if (!result.success || located.length > 0) throw new ConfigError(path, located);
  return result.data.sort((a, b) => a.id - b.id);
}

function problemsOf(issue: z.core.$ZodIssue, raw: unknown): Problem[] {
  if (issue.code !== 'unrecognized_keys') return [valueProblem(issue, raw)];
  const known = Object.keys(classSchema.shape);
  return issue.keys.map((key) => {
    const near = nearestName(key, known);
    const rest = near ? `did you mean "${near}"?` : `known are ${known.join(', ')}`;
    return { path: [...pathOf(issue), key], at: 'key', message: `unknown key; ${rest}` };
  });
}

/** n classes must have the ids 0 … n−1, which are the network's outputs. */
function idProblems(classes: readonly SegmentationClass[]): Problem[] {
  const last = classes.length - 1;
  const problem = (index: number, message: string): Problem => {
    const path: KeyPath = [index, 'id'];
    return { path, at: 'value', message };
  };
  return classes.flatMap(({ id, name }, index) => {
    const first = classes.findIndex((other) => other.id === id);
    if (first !== index) return [problem(index, `${id} is already the id of "${classes[first]?.name}"`)];
    if (id <= last) return [];
    return [problem(index, `expected an id from 0 to ${last}, one for each class; "${name}" has ${id}`)];
  });
}

/** Difference of hue between classes; with the golden angle, no two of a few hundred are close. */
const HUE_STEP = 137.50776;

/** `count` unnamed classes: `class 0`, …, in different colors. */
export function plainClasses(count: number): SegmentationClass[] {
  return Array.from({ length: count }, (_, id) => {
    const hue = (id * HUE_STEP) % 360;
    const lightness = 0.35 + 0.1 * (id % 4);
    return { id, name: `class ${id}`, color: colorOf(hue, lightness) };
  });
}

/** RGB of a saturated color; `hue` in degrees, `lightness` from 0 to 1 (the HSL model). */
function colorOf(hue: number, lightness: number): [number, number, number] {
  const chroma = 0.7 * Math.min(lightness, 1 - lightness);
  const channel = (offset: number): number => {
    const k = (offset + hue / 30) % 12;
    return Math.round(255 * (lightness - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
