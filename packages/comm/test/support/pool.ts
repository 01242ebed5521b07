/** Processes that run a test's jobs: each is a rank of one world, on loopback. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/launch/free-port.js';
import type { Host } from './hosts.js';

const RANK = fileURLToPath(new URL('rank.mjs', import.meta.url));

export interface JobOutcome<R> {
  readonly result?: R;
  readonly error?: string;
}

interface Reply {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: string;
}

export interface PoolOptions {
  /** Where each rank runs; default: this machine. */
  readonly hosts?: readonly Host[];
  /** Milliseconds by which a rank starts after the others. */
  readonly lateMs?: (rank: number) => number;
  /** The local rank of each rank; default: not set by the launcher. */
  readonly localRank?: (rank: number) => number;
}

export class Pool {
  private jobs = 0;
  /** True once a rank was lost, so the others cannot close in order. */
  broken = false;

  private constructor(readonly children: readonly ChildProcess[]) {}

  /** Starts `size` ranks and waits until they have met. */
  static async start(
    size: number,
    env: Readonly<Record<string, string>> = {},
    { hosts, lateMs = () => 0, localRank }: PoolOptions = {},
  ): Promise<Pool> {
    const common = {
      ...process.env,
      OMP_NUM_THREADS: '1',
      // A job that fails on one rank must not block the others.
      IABN_COLLECTIVE_TIMEOUT: '20',
      ...env,
      WORLD_SIZE: String(size),
      MASTER_ADDR: hosts?.[0]?.address ?? '127.0.0.1',
      MASTER_PORT: String(await freePort()),
    };
    const children = await Promise.all(
      Array.from({ length: size }, async (_, rank) => {
        if (lateMs(rank) > 0) await pause(lateMs(rank));
        const local = localRank ? { LOCAL_RANK: String(localRank(rank)) } : {};
        return startRank({ ...common, ...local, RANK: String(rank) }, hosts?.[rank]);
      }),
    );
    try {
      await Promise.all(children.map(({ ready }) => ready));
    } catch (error) {
      for (const { child } of children) child.kill('SIGKILL');
      throw error;
    }
    return new Pool(children.map(({ child }) => child));
  }

  /** Runs the default export of a module on every rank: (processes, argument) → result. */
  async outcomes<R>(module: URL, argument: (rank: number) => unknown): Promise<JobOutcome<R>[]> {
    return this.send(module.href, argument) as Promise<JobOutcome<R>[]>;
  }

  /** Like `outcomes`, but throws if any rank fails. */
  async run<R>(module: URL, argument: (rank: number) => unknown = () => null): Promise<R[]> {
    const outcomes = await this.outcomes<R>(module, argument);
    return outcomes.map(({ result, error }, rank) => {
      if (error !== undefined) throw new Error(`rank ${rank}: ${error}`);
      return result as R;
    });
  }

  /** Ends all ranks, in order if possible. */
  async close(): Promise<void> {
    const alive = this.children.filter(
      ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
    );
    const ended = alive.map((child) => once(child, 'exit'));
    if (alive.length === this.children.length && !this.broken) await this.send('close', () => null);
    else for (const child of alive) child.kill('SIGKILL');
    await Promise.all(ended);
  }

  /** Sends a job to one rank. */
  async ask<R>(rank: number, module: URL, argument: unknown): Promise<JobOutcome<R>> {
    return this.tell(rank, module.href, argument) as Promise<JobOutcome<R>>;
  }

  private send(module: string, argument: (rank: number) => unknown): Promise<Reply[]> {
    return Promise.all(this.children.map((_, rank) => this.tell(rank, module, argument(rank))));
  }

  private async tell(rank: number, module: string, argument: unknown): Promise<Reply> {
    const child = this.children[rank];
    if (!child || child.exitCode !== null || child.signalCode !== null) return { error: 'it has ended' };
    const id = this.jobs++;
    const reply = replyOf(child, id);
    child.send({ id, module, argument });
    return reply;
  }
}

/** Starts a process that answers by messages, on a simulated host if one is given. */
function startRank(env: NodeJS.ProcessEnv, host?: Host): { child: ChildProcess; ready: Promise<unknown> } {
  const [command = process.execPath, ...args] = [...(host?.inside ?? []), process.execPath, RANK];
  const child = spawn(command, args, {
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  const ready = metOthers(child, env.RANK);
  // Awaited once all have started.
  ready.catch(() => {});
  return { child, ready };
}

/** Resolves when a rank has met the others. A rank that ends before would leave them waiting. */
function metOthers(child: ChildProcess, rank = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`rank ${rank} ended at its start, with ${signal ?? `status ${code}`}`)),
    );
  });
}

/** A rank's reply to a job, or an error if it ends instead. */
function replyOf(child: ChildProcess, id: number): Promise<Reply> {
  return new Promise((resolve) => {
    const done = (reply: Reply) => {
      child.off('message', hear);
      child.off('exit', gone);
      resolve(reply);
    };
    const hear = (message: unknown) => {
      const reply = message as Reply;
      if (reply.id === id) done(reply);
    };
    const gone = () => done({ error: 'it has ended' });
    child.on('message', hear);
    child.on('exit', gone);
  });
}
