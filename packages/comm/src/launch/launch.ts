/** Launches several processes of the same program on this machine and manages them until they end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { StopSignals } from '@inplace-abn/cli';
import { availableProcessors } from '@inplace-abn/core';
import { CommError } from '../errors.js';
import { freePort } from './free-port.js';
import { passLines } from './lines.js';
import { exitCodeOf, Verdict } from './verdict.js';

/** Options of {@link launch}. */
export interface LaunchOptions {
  /** Number of processes to start. */
  readonly nproc: number;
  /** The program's file and arguments, as after `node`. */
  readonly argv: readonly string[];
  /** Environment of the processes, to which rank and world size are added; default: this one's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Receives progress lines; default: standard error. */
  readonly note?: (line: string) => void;
  /**
   * Milliseconds that the other processes have to end after one fails, before they are killed. For the first
   * half they are left alone, so that they can notice and report what they lost.
   */
  readonly graceMs?: number;
}

/** Tells a process the id of its launcher, so that they end together. */
export const LAUNCHER_PID = 'IABN_LAUNCHER_PID';

const KILLED = 128 + 9;

/**
 * Runs `nproc` processes. Each gets RANK, LOCAL_RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT, a shared secret,
 * and its share of the machine's CPUs (OMP_NUM_THREADS, unless set). If one fails, all end. The first signal
 * is forwarded, the second kills. Rank 0 inherits standard output and error; lines of other ranks are
 * prefixed with `[rank N]`.
 *
 * @returns the exit code: 0, or that of the first failed process, or that of a run stopped by a signal
 * @throws {CommError} if RANK or WORLD_SIZE is already set
 */
export async function launch(options: LaunchOptions): Promise<number> {
  const { nproc, env = process.env, note = toStderr } = options;
  const taken = ['RANK', 'WORLD_SIZE'].find((name) => env[name]);
  if (taken) {
    throw new CommError(
      `cannot launch ${nproc} processes because another launcher has set ${taken}: use only one launcher`,
    );
  }
  const processors = availableProcessors();
  const threads = Math.max(1, Math.floor(processors / nproc));
  if (nproc > processors) note(`${nproc} processes share ${processors} CPUs`);
  const common = {
    OMP_NUM_THREADS: String(threads),
    ...env,
    // Passed in the environment, because other users can read command lines.
    IABN_SECRET: env.IABN_SECRET || randomBytes(16).toString('hex'),
    WORLD_SIZE: String(nproc),
    LOCAL_WORLD_SIZE: String(nproc),
    MASTER_ADDR: '127.0.0.1',
    MASTER_PORT: String(await freePort()),
    [LAUNCHER_PID]: String(process.pid),
  };
  const children = Array.from({ length: nproc }, (_, rank) =>
    start(options.argv, rank, { ...common, RANK: String(rank), LOCAL_RANK: String(rank) }),
  );
  return new Launch(children, options.graceMs ?? 6_000, note).end();
}

function start(argv: readonly string[], rank: number, env: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn(process.execPath, [...process.execArgv, ...argv], {
    env,
    stdio: rank === 0 ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
    // Its own process group: Ctrl-C reaches only the launcher, which forwards it once.
    detached: true,
  });
  const prefix = `[rank ${rank}] `;
  if (child.stdout) passLines(child.stdout, process.stdout, prefix);
  if (child.stderr) passLines(child.stderr, process.stderr, prefix);
  return child;
}

class Launch {
  private readonly verdict = new Verdict();
  private signal: NodeJS.Signals | null = null;
  private running: number;
  private finish: () => void = () => {};

  constructor(
    private readonly children: readonly ChildProcess[],
    private readonly graceMs: number,
    private readonly note: (line: string) => void,
  ) {
    this.running = children.length;
  }

  /** Resolves with the exit code once all processes have ended. */
  async end(): Promise<number> {
    const stop = new StopSignals({ first: (signal) => this.passOn(signal), again: () => this.kill() });
    // Leave no process behind, however this one ends.
    const killAll = () => this.send('SIGKILL');
    process.on('exit', killAll);
    try {
      await new Promise<void>((resolve) => {
        this.finish = resolve;
        for (const [rank, child] of this.children.entries()) this.watch(child, rank);
      });
    } finally {
      stop.dispose();
      process.off('exit', killAll);
    }
    return this.verdict.exitCode;
  }

  private watch(child: ChildProcess, rank: number): void {
    child.once('error', (error) => this.ended(rank, 1, null, `it could not be started: ${error.message}`));
    // 'close' fires after the last output, unlike 'exit'.
    child.once('close', (code, signal) => this.ended(rank, code, signal));
  }

  private ended(rank: number, code: number | null, signal: NodeJS.Signals | null, why?: string): void {
    this.running--;
    const failed = this.verdict.add({ rank, code: exitCodeOf(code, signal), asked: this.signal });
    if (failed) {
      const how = why ?? (signal ? `it was killed by ${signal}` : `it exited with code ${code}`);
      this.note(`rank ${rank} failed first: ${how}${this.running > 0 ? '; ending the others' : ''}`);
      setTimeout(() => this.send('SIGTERM'), this.graceMs / 2).unref();
      // The others may be stopped, or waiting for the failed process.
      setTimeout(() => this.send('SIGKILL'), this.graceMs).unref();
    }
    if (this.running === 0) this.finish();
  }

  private passOn(signal: NodeJS.Signals): void {
    this.signal = signal;
    this.send(signal);
  }

  private kill(): void {
    this.send('SIGKILL');
    process.exit(KILLED);
  }

  private send(signal: NodeJS.Signals): void {
    for (const child of this.children) {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    }
  }
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}
