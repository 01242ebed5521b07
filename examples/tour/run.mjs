// @ts-check
// Walks through the programs on one small run: plan, train, inspect, audit, budget, convert, export.
// npm run tour     or, after a build:  node examples/tour/run.mjs DATA [FOLDER] [CONFIG]
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stepsOf } from './steps.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = path.join(root, 'packages/inplace-abn/bin/inplace-abn.js');
const CONFIG = 'apps/train-imagenet/experiments/demo_fashion_mnist.json';
/** Lines to show of a step's output: the first and the last; the file has all. */
const SHOWN = { first: 25, last: 6 };

/**
 * Runs every step and stops at the first that fails.
 * @param {import('./steps.mjs').Tour} tour
 * @param {(text: string) => void} print
 * @param {{ terminal?: boolean }} [options]  terminal: training shows its progress on this terminal
 * @returns {Promise<number>} the exit status of the last step
 */
export async function runTour(tour, print, { terminal = false } = {}) {
  mkdirSync(tour.folder, { recursive: true });
  const steps = stepsOf(tour);
  const begin = performance.now();
  for (const [index, step] of steps.entries()) {
    const { name, why, args, look } = step;
    const attached = terminal && step.attached === true;
    const start = performance.now();
    print(
      `\n── ${index + 1} of ${steps.length}: ${name} ──\n${why}\n\n$ npx inplace-abn ${args.join(' ')}\n\n`,
    );
    const { status, output } = await run(args, attached);
    if (!attached) print(shown(output, `${tour.folder}/${index + 1}-${name.replaceAll(' ', '-')}.txt`));
    if (status !== 0) {
      print(
        `\n${name} ended with status ${status}. Run the tour again: it starts over, but training continues.\n`,
      );
      return status;
    }
    print(`\n(${seconds(start)})\n${look.map((line) => `→ ${line}\n`).join('')}`);
  }
  print(
    `\nThat was the tour (${seconds(begin)}). Its outputs, checkpoints and report are in ${tour.folder}.\n`,
  );
  return 0;
}

/**
 * @param {readonly string[]} args
 * @param {boolean} attached
 * @returns {Promise<{ status: number, output: string }>}
 */
function run(args, attached) {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: attached ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: attached ? process.env.NO_COLOR : '1' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  // The terminal sends Ctrl-C to the child, too; it saves before it ends.
  const wait = () => {};
  const passOn = () => void child.kill('SIGTERM');
  process.on('SIGINT', wait).on('SIGTERM', passOn);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      process.off('SIGINT', wait).off('SIGTERM', passOn);
      resolve({ status: code ?? 1, output });
    });
  });
}

/** @param {number} start  of performance.now() */
const seconds = (start) => `${((performance.now() - start) / 1000).toFixed(0)} s`;

/**
 * Writes an output to a file, and returns its first and last lines.
 * @param {string} output
 * @param {string} file
 */
function shown(output, file) {
  writeFileSync(file, output);
  const lines = output.trimEnd().split('\n');
  const more = lines.length - SHOWN.first - SHOWN.last;
  if (more <= 1) return `${lines.join('\n')}\n`;
  const [first, last] = [lines.slice(0, SHOWN.first), lines.slice(-SHOWN.last)];
  return [...first, `… ${more} more lines in ${file}`, ...last, ''].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [data, folder = 'runs/tour', config = path.join(root, CONFIG)] = process.argv.slice(2);
  if (!data) {
    process.stderr.write('usage: node examples/tour/run.mjs DATA [FOLDER] [CONFIG]\n');
    process.exitCode = 2;
  } else {
    const relative = path.relative(process.cwd(), config);
    const tour = { config: relative, data, folder, budget: '22MB', room: '256MB' };
    process.exitCode = await runTour(tour, (text) => void process.stdout.write(text), { terminal: true });
  }
}
