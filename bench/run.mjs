// @ts-check
// Runs benchmarks and prints their rows as a table, or with --json as an array; `report` records them, too.
//   npm run bench -- [report] NAME [options]
// Progress and remarks go to standard error, so that standard output has only the results.
import { parseOptions, UsageError, usage } from './lib/options.mjs';
import { suites } from './lib/suites.mjs';
import { formatTable } from './lib/table.mjs';

/** @typedef {import('./lib/suites.mjs').Row | import('./lib/suites.mjs').Refusal} Result */

/** Measures this machine's limits; results are reported as fractions of them. */
async function machineLimits() {
  const { cpu } = await import('@inplace-abn/core');
  const { measureLimits } = await import('@inplace-abn/train');
  const limits = await measureLimits(cpu(), ['float32', 'bfloat16']);
  const products = Object.entries(limits.products).map(
    ([dtype, rate]) => `${(rate / 1e9).toFixed(0)} GFLOP/s in ${dtype}`,
  );
  const text = `copy ${(limits.bandwidth / 1e9).toFixed(1)} GB/s, product ${products.join(', ')}`;
  return { limits, text };
}

const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);

/** @param {ReturnType<typeof parseOptions>} options */
async function measure({ names, json, report: recorded, note, ...options }) {
  const { describeMachine, describeOthers } = await import('./lib/machine.mjs');
  const machine = { text: describeMachine(), busy: await describeOthers() };
  say(machine.text);
  if (machine.busy) say(`! ${machine.busy}`);
  const { limits, text } = await machineLimits();
  say(`its limits: ${text}`);
  const { roundTrip } = await import('./lib/cores.mjs');
  const trip = await roundTrip();
  if (trip !== null) say(`from thread to thread and back: ${trip} ns`);
  const { Report } = await import('./lib/report/report.mjs');
  const report = recorded
    ? new Report({ args: process.argv.slice(2), machine, limits: text, ...(note ? { note } : {}) })
    : null;
  /** @type {Result[]} */
  const rows = [];
  for (const suite of suites.filter(({ name }) => names.includes(name))) {
    say(`\n${suite.name}: ${suite.summary}`);
    const { run } = await suite.load();
    const onRows = (/** @type {readonly Result[]} */ some) => report?.add(some);
    const recorded = report?.rows ?? [];
    const some = await run({ ...options, limits, recorded, onRows, say: (line) => say(`  ${line}`) });
    const isPart = suite.name === 'recipe-parts' || options.networks || options.batch || options.eager;
    if (some.length > 0) report?.add(some, isPart ? {} : { whole: suite.name });
    rows.push(...some);
  }
  process.stdout.write(`${json ? JSON.stringify(rows, null, 2) : `\n${formatTable(rows)}`}\n`);
}

try {
  const { surviveClosedOutput } = await import('@inplace-abn/cli');
  surviveClosedOutput();
  const options = parseOptions(process.argv.slice(2), suites);
  if (options.help) {
    process.stdout.write(`${usage(suites)}\n`);
  } else if (options.report && options.pages) {
    const { writePages } = await import('./lib/report/pages.mjs');
    writePages();
  } else {
    await measure(options);
  }
} catch (error) {
  const isExpected = error instanceof UsageError || (error instanceof Error && error.name === 'PeerError');
  say(isExpected ? error.message : String(error instanceof Error ? error.stack : error));
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
