/** Processes that a test gives jobs to: each a rank of one world, on loopback. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/launch/free-port.js';

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

export class Pool {
  private jobs = 0;
  /** Some rank was lost: the others cannot part in order. */
  broken = false;

  private constructor(readonly children: readonly ChildProcess[]) {}

  /** Starts `size` ranks and waits until they have met. */
  static async start(size: number, env: Readonly<Record<string, string>> = {}): Promise<Pool> {
    const port = await freePort();
    const children = Array.from({ length: size }, (_, rank) =>
      fork(RANK, [], {
        execArgv: [],
        serialization: 'advanced',
        env: {
          ...process.env,
          // A job that fails on one rank must not keep the others.
          IABN_COLLECTIVE_TIMEOUT: '20',
          ...env,
          RANK: String(rank),
          WORLD_SIZE: String(size),
          MASTER_ADDR: '127.0.0.1',
          MASTER_PORT: String(port),
          OMP_NUM_THREADS: '1',
        },
      }),
    );
    await Promise.all(children.map((child) => once(child, 'message')));
    return new Pool(children);
  }

  /** Runs the default export of a module on every rank: (processes, argument) → result. */
  async outcomes<R>(module: URL, argument: (rank: number) => unknown): Promise<JobOutcome<R>[]> {
    return this.send(module.href, argument) as Promise<JobOutcome<R>[]>;
  }

  /** The same, where none may fail. */
  async run<R>(module: URL, argument: (rank: number) => unknown = () => null): Promise<R[]> {
    const outcomes = await this.outcomes<R>(module, argument);
    return outcomes.map(({ result, error }, rank) => {
      if (error !== undefined) throw new Error(`rank ${rank}: ${error}`);
      return result as R;
    });
  }

  /** Ends all, in order where they can. */
  async close(): Promise<void> {
    const alive = this.children.filter(
      ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
    );
    const ended = alive.map((child) => once(child, 'exit'));
    if (alive.length === this.children.length && !this.broken) await this.send('close', () => null);
    else for (const child of alive) child.kill('SIGKILL');
    await Promise.all(ended);
  }

  /** Gives one rank a job. */
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

/** What a rank answers to a job; an error where it ends instead. */
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
