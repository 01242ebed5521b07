// @ts-check
// A step prints one line with its time on standard error; what its command says goes to a log file, which is
// named, with its last lines, only when the step fails. Standard output belongs to the program that is run.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { inRoot, root } from './paths.mjs';

const TAIL_LINES = 30;
/** @type {readonly NodeJS.Signals[]} */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** A failure whose message is all that the reader needs: printed without a stack. */
export class StepError extends Error {}

/** @param {string} line */
export const say = (line) => process.stderr.write(`${line}\n`);

/**
 * Runs `body` and prints its name and time.
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} body
 * @returns {Promise<T>}
 */
export async function step(name, body) {
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  try {
    const result = await body();
    say(`✓ ${name} (${seconds()})`);
    return result;
  } catch (error) {
    say(`✗ ${name} (${seconds()})`);
    throw error;
  }
}

const OF_NPM = ['npm', 'npx'];

/**
 * A command as the system can start it: on Windows, where npm's programs are scripts for a shell, by their
 * JavaScript.
 * @param {string} command
 * @param {string[]} args
 * @param {{ platform: string, execPath: string }} [node]
 * @returns {[string, string[]]}
 */
export function startable(command, args, { platform, execPath } = process) {
  if (platform !== 'win32' || !OF_NPM.includes(command)) return [command, args];
  const folder = path.win32.join(path.win32.dirname(execPath), 'node_modules', 'npm', 'bin');
  return [execPath, [path.win32.join(folder, `${command}-cli.js`), ...args]];
}

/**
 * Runs a command with its output in .cache/logs/LOG.log; throws a StepError with the log's tail when it
 * fails.
 * @param {string} log
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 */
export async function runLogged(log, command, args, { cwd = root, env = process.env } = {}) {
  const file = inRoot('.cache', 'logs', `${log}.log`);
  mkdirSync(path.dirname(file), { recursive: true });
  const descriptor = openSync(file, 'w');
  writeSync(descriptor, `$ ${command} ${args.join(' ')}\n`);
  const child = spawn(...startable(command, args), {
    cwd,
    env,
    stdio: ['ignore', descriptor, descriptor],
  });
  const status = await exitStatus(child, command).finally(() => closeSync(descriptor));
  if (status !== 0) {
    const tail = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
    throw new StepError(
      `${tail}\n${command} failed with status ${status}; the full log is ${path.relative(root, file)}`,
    );
  }
}

/**
 * Runs a program on this terminal and resolves to its exit status. Signals are the program's to handle, so
 * all are passed on. A program that a terminal has signaled as well counts the two as one.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>}
 */
export async function runAttached(command, args, { cwd = root, env = process.env } = {}) {
  const child = spawn(...startable(command, args), { cwd, env, stdio: 'inherit' });
  const passOn = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
  for (const signal of STOP_SIGNALS) process.on(signal, passOn);
  try {
    return await exitStatus(child, command);
  } finally {
    for (const signal of STOP_SIGNALS) process.off(signal, passOn);
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} command
 * @returns {Promise<number>} as a shell counts: 128 and its number for a child that a signal ended
 */
function exitStatus(child, command) {
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new StepError(`cannot run ${command}: ${error.message}`)));
    child.on('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

/**
 * Runs a script's main function; a StepError ends it with its message, anything else with a stack.
 * @param {() => Promise<number | void>} main
 */
export async function runMain(main) {
  // The reader of a pipe may end before the script does.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    say(error instanceof StepError ? error.message : String(error instanceof Error ? error.stack : error));
    process.exitCode = 1;
  }
}
