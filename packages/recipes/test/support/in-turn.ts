/** Runs a built program with many command lines; starting Node and importing take most of a run's time. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { builtProgram, type Ended, programEnvironment } from './programs.js';

/**
 * Runs apps/APP/dist/PROGRAM.js like `run`, but one command line after another in a shared process, which
 * ends after the tests of the calling file. Only for runs that print and write files: testing signals or the
 * exit of a program takes a separate process.
 */
export function inTurn(app: string, program: string): (...args: string[]) => Promise<Ended> {
  let shared: SharedProcess | null = null;
  let last: Promise<unknown> = Promise.resolve();
  afterAll(() => shared?.end());
  return (...args) => {
    shared ??= new SharedProcess(builtProgram(app, program));
    const { run } = shared;
    const result = last.then(() => run(args));
    last = result.catch(() => {});
    return result;
  };
}

class SharedProcess {
  private readonly child: ChildProcess;
  private answer: (ended: Ended) => void = () => {};
  private fail: (error: Error) => void = () => {};

  constructor(program: string) {
    const script = fileURLToPath(new URL('./in-turn.mjs', import.meta.url));
    this.child = fork(script, [program], {
      env: programEnvironment(),
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child.on('message', (ended: Ended) => this.answer(ended));
    this.child.on('exit', (code) =>
      this.fail(new Error(`${program} ended the process that it shares: ${code}`)),
    );
  }

  readonly run = (args: readonly string[]): Promise<Ended> =>
    new Promise((resolve, reject) => {
      this.answer = resolve;
      this.fail = reject;
      this.child.send(args);
    });

  end(): void {
    this.child.kill();
  }
}
