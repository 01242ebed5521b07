import { distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import type { KeyPath } from './json.js';
import { isScheduleType, schedules } from './schedule.js';
import type { TrainConfig } from './schema.js';

/** A problem in a configuration. */
export interface Problem {
  path: KeyPath;
  message: string;
  /** Whether the key itself is at fault (unknown, given twice) or its value. */
  at: 'key' | 'value';
}

/** Converts a zod issue to problems: one per unknown key, or one for any other issue. */
export function toProblems(issue: z.core.$ZodIssue, raw: unknown, defaults: TrainConfig): Problem[] {
  if (issue.code !== 'unrecognized_keys') return [valueProblem(issue, raw)];
  const path = pathOf(issue);
  return issue.keys.map((key) => unknownKey([...path, key], raw, defaults));
}

export function pathOf(issue: z.core.$ZodIssue): KeyPath {
  return issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
}

/** The problem for any issue except unknown keys: the expected and the received value. */
export function valueProblem(issue: z.core.$ZodIssue, raw: unknown): Problem {
  const path = pathOf(issue);
  const received = valueAt(raw, path);
  if (issue.code === 'invalid_value') {
    return { path, at: 'value', message: notOneOf(issue.values.map(String), received) };
  }
  if (received === undefined) {
    return { path, at: 'value', message: `is missing, expected ${issue.message}` };
  }
  return { path, at: 'value', message: `expected ${issue.message}, received ${show(received)}` };
}

/** The value at a key path, or undefined if the path leaves the object. */
export function valueAt(root: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? Reflect.get(value, key)
        : undefined,
    root,
  );
}

/** `optimizer.schedule.params.milestones[2]` */
export function formatPath(path: KeyPath): string {
  return path.map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? key : `.${key}`)).join('');
}

/** Longer texts are not compared, because the time is quadratic in their length. */
const LONGEST_COMPARED = 200;

/** The known name that `given` may be a typo of; undefined if none is similar. */
export function nearestName(given: string, names: readonly string[]): string | undefined {
  if (given.length > LONGEST_COMPARED) return undefined;
  const wanted = given.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const name of names) {
    const d = distance(wanted, name.toLowerCase());
    if (d < bestDistance && d < name.length) {
      best = name;
      bestDistance = d;
    }
  }
  return best;
}

function unknownKey(path: KeyPath, raw: unknown, defaults: TrainConfig): Problem {
  const key = String(path.at(-1));
  const section = path.slice(0, -1);
  const known = knownKeys(section, raw, defaults);
  const hint = nearestName(key, known) ?? elsewhere(key, defaults);
  const rest = hint
    ? `did you mean "${hint}"?`
    : known.length > 0
      ? `known are ${known.join(', ')}`
      : 'none is known here';
  return { path, at: 'key', message: `unknown key; ${rest}` };
}

function knownKeys(section: KeyPath, raw: unknown, defaults: TrainConfig): string[] {
  if (formatPath(section) === 'optimizer.schedule.params') {
    const type = valueAt(raw, ['optimizer', 'schedule', 'type']) ?? 'constant';
    if (!isScheduleType(type)) return [];
    return Object.keys(paramsShape(type));
  }
  const object = valueAt(defaults, section);
  return typeof object === 'object' && object !== null ? Object.keys(object) : [];
}

function paramsShape(type: keyof typeof schedules): object {
  const params = schedules[type].shape.params;
  return 'out' in params ? params.out.shape : params.unwrap().shape;
}

/** The full path of a key of this exact name in another section. */
function elsewhere(key: string, defaults: TrainConfig): string | undefined {
  const search = (object: object, path: KeyPath): string | undefined => {
    for (const [name, value] of Object.entries(object)) {
      if (name === key) return formatPath([...path, name]);
      const deeper =
        typeof value === 'object' && value !== null && !Array.isArray(value)
          ? search(value, [...path, name])
          : undefined;
      if (deeper) return deeper;
    }
    return undefined;
  };
  return search(defaults, []);
}

function notOneOf(values: readonly string[], received: unknown): string {
  const expected = values.length === 1 ? values[0] : `one of ${values.join(', ')}`;
  const near = typeof received === 'string' ? nearestName(received, values) : undefined;
  const hint = near ? `; did you mean "${near}"?` : '';
  return `expected ${expected}, received ${show(received)}${hint}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
