// @ts-check
// Runs the CUDA benchmarks and writes their results, with the device's name, as Markdown.  node bench/cuda.mjs [FILE]
import { writeFile } from 'node:fs/promises';
import { cuda, cudaReport } from '@inplace-abn/cuda';
import { describeMachine } from './lib/machine.mjs';
import { suites } from './lib/suites.mjs';
import { formatTable } from './lib/table.mjs';

const [file = 'RESULTS-cuda.md'] = process.argv.slice(2);
const NAMES = ['cuda-abn', 'cuda-train', 'cuda-fits'];
const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);

/** The machine behind the numbers. */
function describeDevice() {
  const versions = Object.entries(cuda().libraries).map(([name, version]) => `${name} ${version}`);
  return `${cuda().description}; ${versions.join(', ')}; ${describeMachine()}`;
}

/** A benchmark that fails reports its error instead of its table; the others still run. */
async function resultsOf(/** @type {string} */ name) {
  const suite = suites.find((candidate) => candidate.name === name);
  if (!suite) throw new RangeError(`there is no benchmark ${name}`);
  say(`\n${name}: ${suite.summary}`);
  try {
    const { run } = await suite.load();
    const rows = await run({ say: (line) => say(`  ${line}`) });
    return `## ${name}: ${suite.summary}\n\n${formatTable(rows)}\n`;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    say(`  ${reason}`);
    process.exitCode = 1;
    return `## ${name}: ${suite.summary}\n\nfailed: ${reason}\n`;
  }
}

const { problem } = cudaReport();
if (problem !== null) {
  say(problem);
  process.exitCode = 1;
} else {
  const date = new Date().toISOString().slice(0, 10);
  const parts = [`# CUDA results\n\n${describeDevice()}, ${date}.\n`];
  for (const name of NAMES) {
    parts.push(await resultsOf(name));
    // Write after each benchmark, in case the machine is taken away.
    await writeFile(file, `${parts.join('\n')}`);
  }
  say(`\nwrote ${file}`);
}
