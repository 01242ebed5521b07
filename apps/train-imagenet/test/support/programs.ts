/** Starts the built programs of this app. */
import {
  type Ended,
  type Running,
  run as runProgram,
  start as startProgram,
} from '../../../../packages/recipes/test/support/programs.js';

export type Program = 'main' | 'plan' | 'replay';

const APP = 'train-imagenet';

export function start(
  program: Program,
  args: readonly string[],
  onOutput?: (stdout: string) => void,
): Running {
  return startProgram(APP, program, args, onOutput);
}

/** Runs a program until it exits, in the folder `cwd`. */
export function runIn(cwd: string, program: Program, ...args: string[]): Promise<Ended> {
  return startProgram(APP, program, args, undefined, cwd).ended;
}

/** Runs a program until it exits. */
export function run(program: Program, ...args: string[]): Promise<Ended> {
  return runProgram(APP, program, ...args);
}

/** Standard error without the line about the processes that share this machine. */
export function ownLines(stderr: string): string {
  return stderr.replace(/^\d+ processes share \d+ CPUs\n/, '');
}
