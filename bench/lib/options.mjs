// @ts-check
import { parseArgs } from 'node:util';

/** @typedef {import('./suites.mjs').Suite} Suite */

/** A usage error whose message is all that the reader needs. */
export class UsageError extends Error {}

/**
 * @param {readonly string[]} args
 * @param {readonly Suite[]} suites
 * @returns {{
 *   names: string[], json: boolean, help: boolean, report: boolean, pages: boolean, eager: boolean,
 *   steps?: number, batch?: number, workers?: number, epochs?: number, images?: number,
 *   networks?: string[], parts?: string[], seeds?: number[], note?: string,
 * }}
 */
export function parseOptions(args, suites) {
  const { values, positionals: words } = parse(args);
  const report = words[0] === 'report';
  const positionals = [...(report ? words.slice(1) : words), ...list(values.suites)];
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
    report,
    pages: values.pages ?? false,
    eager: values.eager ?? false,
    ...count('steps', values.steps),
    ...count('batch', values.batch),
    ...count('workers', values.workers),
    ...count('epochs', values.epochs),
    ...count('images', values.images),
    ...(values.networks ? { networks: list(values.networks) } : {}),
    ...(values.parts ? { parts: list(values.parts) } : {}),
    ...(values.seeds ? { seeds: list(values.seeds).map(seed) } : {}),
    ...(values.note ? { note: values.note } : {}),
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
        epochs: { type: 'string' },
        images: { type: 'string' },
        networks: { type: 'string' },
        parts: { type: 'string' },
        seeds: { type: 'string' },
        suites: { type: 'string' },
        note: { type: 'string' },
        pages: { type: 'boolean' },
        eager: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @param {string | undefined} text */
const list = (text) => (text ?? '').split(',').filter(Boolean);

/** @param {string} text */
function seed(text) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new UsageError(`--seeds takes integers of at least 0 but received ${text}`);
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
    'Usage: npm run bench -- [report] [NAME …] [options]',
    '',
    'Without a name, runs all except the long ones. OMP_NUM_THREADS sets the number of threads, and IABN_BENCH_PYTHON the',
    'interpreters whose PyTorch is a peer (a list like PATH; default: /usr/bin/python3).',
    '',
    '  report           merge the rows into bench/results/CPU.json and write bench/RESULTS.md and the table of the README',
    '  --suites A,B     the same as names',
    '  --networks A,B   of train, memory, process-memory, budget, compile, convolutions, candidates, own-kernels, threads, predicted-time and scaling (one)',
    '  --eager          of train: without torch.compile, which takes minutes to compile',
    '  --steps N        timed turns per side',
    '  --batch N, --workers N',
    '  --images N       of data-check, data-shards and recipe-parts',
    '  --parts A,B, --seeds 0,1, --epochs N   of recipe-parts',
    '  --note TEXT      goes into the report with the run',
    '  --pages          with report: write the pages from the results, and measure nothing',
    '  --json           print an array instead of a table',
    '',
    ...suites.map(
      ({ name, summary, long }) => `  ${name.padEnd(16)} ${summary}${long ? '; only when named' : ''}`,
    ),
  ].join('\n');
}
