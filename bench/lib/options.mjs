// @ts-check
import { parseArgs } from 'node:util';

/** @typedef {import('./suites.mjs').Suite} Suite */

/** A usage error whose message is all that the reader needs. */
export class UsageError extends Error {}

/**
 * @param {readonly string[]} args
 * @param {readonly Suite[]} suites
 * @returns {{
 *   names: string[], json: boolean, help: boolean,
 *   steps?: number, batch?: number, workers?: number, images?: number, networks?: string[],
 * }}
 */
export function parseOptions(args, suites) {
  const { values, positionals } = parse(args);
  const unknown = positionals.find((name) => !suites.some((suite) => suite.name === name));
  if (unknown !== undefined) {
    throw new UsageError(
      `there is no benchmark ${unknown}; there are ${suites.map(({ name }) => name).join(', ')}`,
    );
  }
  const ordinary = suites.filter((suite) => !suite.long).map(({ name }) => name);
  return {
    names: positionals.length > 0 ? [...new Set(positionals)] : ordinary,
    json: values.json ?? false,
    help: values.help ?? false,
    ...count('steps', values.steps),
    ...count('batch', values.batch),
    ...count('workers', values.workers),
    ...count('images', values.images),
    ...(values.networks ? { networks: values.networks.split(',') } : {}),
  };
}

/** @param {readonly string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args: args.filter((arg) => arg !== '--'),
      allowPositionals: true,
      options: {
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        steps: { type: 'string' },
        batch: { type: 'string' },
        workers: { type: 'string' },
        images: { type: 'string' },
        networks: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {string} name
 * @param {string | undefined} text
 * @returns {Record<string, number>}
 */
function count(name, text) {
  if (text === undefined) return {};
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return { [name]: value };
  throw new UsageError(`--${name} takes an integer of at least 1 but received ${text}`);
}

/** @param {readonly Suite[]} suites */
export function usage(suites) {
  return [
    'Usage: npm run bench -- [NAME …] [--json] [--steps N] [--batch N] [--workers N] [--images N] [--networks A,B]',
    '',
    'Without a name, runs all except the long ones. OMP_NUM_THREADS sets the number of threads.',
    '',
    ...suites.map(
      ({ name, summary, long }) => `  ${name.padEnd(16)} ${summary}${long ? '; only when named' : ''}`,
    ),
  ].join('\n');
}
