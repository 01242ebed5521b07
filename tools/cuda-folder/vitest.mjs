// @ts-check
// The part of vitest that the CUDA tests use, on Node's own test runner: for machines without npm's registry.
// `pnpm deploy` of vitest itself would take 42 of the 60 MB that the folder may have, in 700 files, two of
// them native bundlers.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

/** @typedef {(...args: any[]) => unknown} Body */

/**
 * The title of one case of a table: %s, %i, %j, %o are its values in order.
 * @param {string} title
 * @param {unknown[]} values
 */
function titleOf(title, values) {
  let index = 0;
  return title.replace(/%([sijof])/g, (_, kind) => {
    const value = values[index++];
    return kind === 's' || kind === 'i' ? String(value) : JSON.stringify(value);
  });
}

/** @param {(title: string, body: Body) => unknown} run */
const each =
  (run) =>
  (/** @type {readonly unknown[]} */ cases) =>
  (/** @type {string} */ title, /** @type {Body} */ body) => {
    for (const values of cases) {
      const list = Array.isArray(values) ? values : [values];
      run(titleOf(title, list), () => body(...list));
    }
  };

const runSuite = (/** @type {string} */ title, /** @type {Body} */ body) =>
  test.describe(title, () => void body());
const runTest = (/** @type {string} */ title, /** @type {Body} */ body) =>
  test(title, async () => void (await body()));

export const describe = Object.assign(runSuite, { each: each(runSuite) });
export const it = Object.assign(runTest, { each: each(runTest) });
export const beforeAll = (/** @type {Body} */ hook) => before(async () => void (await hook()));
export const afterAll = (/** @type {Body} */ hook) => after(async () => void (await hook()));
export const beforeEach = (/** @type {Body} */ hook) => test.beforeEach(async () => void (await hook()));
export const afterEach = (/** @type {Body} */ hook) => test.afterEach(async () => void (await hook()));

/**
 * @param {unknown} error
 * @param {unknown} wanted  a part of the message, a pattern, or the error's class; undefined: any
 */
function matches(error, wanted) {
  if (wanted === undefined) return true;
  if (typeof wanted === 'function') return error instanceof wanted;
  const message = error instanceof Error ? error.message : String(error);
  return wanted instanceof RegExp ? wanted.test(message) : message.includes(String(wanted));
}

/**
 * @param {unknown} error
 * @param {unknown} wanted
 */
function expectError(error, wanted) {
  if (!matches(error, wanted)) assert.fail(`threw ${error} and not ${wanted}`);
}

/** @param {unknown} a @param {unknown} b */
const same = (a, b) => isDeepStrictEqual(plain(a), plain(b));

/**
 * Objects without the keys that are undefined: vitest's toEqual does not see them.
 * @param {unknown} value
 * @returns {unknown}
 */
function plain(value) {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.map(([key, each]) => [key, plain(each)]));
}

/**
 * @param {any} actual
 * @param {string} [what]
 */
export function expect(actual, what = '') {
  const fail = (/** @type {string} */ text) => assert.fail(`${what ? `${what}: ` : ''}${text}`);
  const check = (/** @type {boolean} */ holds, /** @type {string} */ text) => void (holds || fail(text));
  const matchers = {
    toBe: (/** @type {unknown} */ wanted) => check(Object.is(actual, wanted), `${actual} is not ${wanted}`),
    toEqual: (/** @type {unknown} */ wanted) => check(same(actual, wanted), 'the values differ'),
    toBeNaN: () => check(Number.isNaN(actual), `${actual} is a number`),
    toBeLessThan: (/** @type {number} */ bound) => check(actual < bound, `${actual} is not below ${bound}`),
    toBeGreaterThan: (/** @type {number} */ bound) =>
      check(actual > bound, `${actual} is not above ${bound}`),
    toBeCloseTo: (/** @type {number} */ wanted, digits = 2) =>
      check(Math.abs(actual - wanted) < 10 ** -digits / 2, `${actual} is not near ${wanted}`),
    toHaveLength: (/** @type {number} */ length) =>
      check(actual.length === length, `has length ${actual.length}`),
    toContain: (/** @type {unknown} */ part) =>
      check(actual.includes(part), `${actual} does not contain ${part}`),
    toThrow(/** @type {unknown} */ wanted) {
      try {
        actual();
      } catch (error) {
        return expectError(error, wanted);
      }
      fail('nothing was thrown');
    },
    rejects: {
      async toThrow(/** @type {unknown} */ wanted) {
        const outcome = await Promise.resolve(actual).then(
          () => null,
          (error) => ({ error }),
        );
        if (!outcome) fail('nothing was thrown');
        else expectError(outcome.error, wanted);
      },
    },
    resolves: {
      toEqual: async (/** @type {unknown} */ wanted) =>
        check(same(await actual, wanted), 'the values differ'),
    },
  };
  const not = {
    toBe: (/** @type {unknown} */ wanted) =>
      check(!Object.is(actual, wanted), `${actual} is what it must not be`),
  };
  return { ...matchers, not };
}
expect.fail = (/** @type {string} */ message) => assert.fail(message);
