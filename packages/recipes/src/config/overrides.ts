/** Values that override those of a configuration file. */
import { ConfigError, type ConfigProblem } from './error.js';
import { valueAt } from './problems.js';

/** One value and the keys that lead to it. */
export interface Override {
  /** Keys from the outermost, such as `optimizer`, `clip`. */
  readonly path: readonly string[];
  /** The JSON value to set. */
  readonly value: unknown;
}

/**
 * Reads `optimizer.learning_rate=0.2`: keys and a JSON value. A value that is not JSON is taken as a string,
 * so it needs no quotes.
 *
 * @throws {ConfigError} for a text of another form
 */
export function parseOverride(text: string): Override {
  const at = text.indexOf('=');
  const path = text.slice(0, Math.max(0, at)).trim().split('.');
  if (at < 0 || path.some((key) => !/^\w+$/.test(key))) {
    throw new ConfigError(text, [{ path: '', message: 'expected KEY.KEY=VALUE, such as optimizer.clip=0' }]);
  }
  return { path, value: readValue(text.slice(at + 1).trim()) };
}

/**
 * A copy of a raw configuration with the overrides applied; later ones win.
 *
 * @param defaults the values of keys that it does not give
 * @param source what to call the configuration in messages
 * @throws {ConfigError} for an element of a list, which can only be given as a whole
 */
export function overridden(
  raw: unknown,
  overrides: readonly Override[],
  defaults: object,
  source: string,
): unknown {
  return overrides.reduce<unknown>((object, override) => {
    const problem = elementProblem(object, override, defaults);
    if (problem) throw new ConfigError(source, [problem]);
    return placed(object, override.path, override.value);
  }, raw);
}

/** The problem with an override of an element of a list, with the whole list to give instead. */
function elementProblem(raw: unknown, { path, value }: Override, defaults: object): ConfigProblem | null {
  for (let end = 1; end < path.length; end++) {
    const outer = path.slice(0, end);
    const list = valueAt(raw, outer) ?? valueAt(defaults, outer);
    if (!Array.isArray(list)) continue;
    const elements: readonly unknown[] = list;
    const index = Number(path[end]);
    const own = placed(elements[index], path.slice(end + 1), value);
    const whole = index < elements.length ? elements.with(index, own) : [...elements, own];
    const example = `'${outer.join('.')}=${JSON.stringify(whole)}'`;
    return { path: outer.join('.'), message: `is a list: give all of it, such as ${example}` };
  }
  return null;
}

/** Whether an override gives the value at a key path, or one within it. */
export function isOverridden(path: readonly (string | number)[], overrides: readonly Override[]): boolean {
  return overrides.some(({ path: own }) => own.every((key, index) => path[index] === key));
}

function placed(object: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const known: object = typeof object === 'object' && object !== null ? object : {};
  const own: unknown = Object.hasOwn(known, key) ? Reflect.get(known, key) : undefined;
  return { ...known, [key]: placed(own, rest, value) };
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
