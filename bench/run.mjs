// @ts-check
// Runs benchmarks and prints their rows as a table, or with --json as an array.  npm run bench -- NAME [options]
// Progress and remarks go to standard error, so that standard output has only the results.
import { parseOptions, UsageError, usage } from './lib/options.mjs';
import { suites } from './lib/suites.mjs';
import { formatTable } from './lib/table.mjs';

/** Measures this machine's limits; results are reported as fractions of them. */
async function machineLimits(/** @type {(line: string) => void} */ say) {
  const { cpu } = await import('@inplace-abn/core');
  const { measureLimits } = await import('@inplace-abn/train');
  const limits = await measureLimits(cpu(), ['float32', 'bfloat16']);
  const products = Object.entries(limits.products).map(
    ([dtype, rate]) => `${(rate / 1e9).toFixed(0)} GFLOP/s in ${dtype}`,
  );
  say(`its limits: copy ${(limits.bandwidth / 1e9).toFixed(1)} GB/s, product ${products.join(', ')}`);
  return limits;
}

const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);

try {
  const { surviveClosedOutput } = await import('@inplace-abn/cli');
  surviveClosedOutput();
  const { names, json, help, ...options } = parseOptions(process.argv.slice(2), suites);
  if (help) {
    process.stdout.write(`${usage(suites)}\n`);
  } else {
    const { describeMachine } = await import('./lib/machine.mjs');
    const machine = describeMachine();
    say(machine.text);
    if (machine.busy) say(`! ${machine.busy}`);
    const limits = await machineLimits(say);
    /** @type {import('./lib/suites.mjs').Row[]} */
    const rows = [];
    for (const name of names) {
      const suite = suites.find((candidate) => candidate.name === name);
      if (!suite) continue;
      say(`\n${name}: ${suite.summary}`);
      const { run } = await suite.load();
      rows.push(...(await run({ ...options, limits, say: (line) => say(`  ${line}`) })));
    }
    process.stdout.write(`${json ? JSON.stringify(rows, null, 2) : `\n${formatTable(rows)}`}\n`);
  }
} catch (error) {
  const isExpected = error instanceof UsageError || (error instanceof Error && error.name === 'PeerError');
  say(isExpected ? error.message : String(error instanceof Error ? error.stack : error));
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
