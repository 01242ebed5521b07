/** Stops a run early: all processes stop after the same step, whichever of them was asked to. */
import type { Batch, EpochOptions, Loader } from '@inplace-abn/data';
import { outliveHungReads } from '../parallel/hung-reads.js';
import type { Peers } from '../parallel/peers.js';
import type { StopRequest } from './stop.js';

/** Weights of requests in a sum over processes, strongest signal first: each outweighs 255 of the next. */
const VALUES = [
  ['SIGTERM', 2 ** 16],
  ['SIGHUP', 2 ** 8],
  ['SIGINT', 1],
] as const;

/** An orderly stop: the step under way ends, then the run is saved. */
export class Halting {
  private agreed: NodeJS.Signals | null = null;
  private readonly enough = new AbortController();
  /** Aborts when this process should stop waiting for data. */
  private readonly waiting: AbortSignal;

  /**
   * Listens for the request.
   *
   * @param stop asks this process to stop
   * @param peers the processes that stop together
   */
  constructor(
    private readonly stop: StopRequest,
    private readonly peers: Peers,
  ) {
    // Not an event listener, because peers outlive their runs.
    this.waiting = AbortSignal.any([peers.lost, this.enough.signal]);
    const asked = () => {
      if (peers.size === 1) this.enough.abort();
      // The others can only stop together with this process, so they wait for its batch.
      else setTimeout(() => this.enough.abort(overdue(peers)), peers.lossMs).unref();
    };
    stop.asked.addEventListener('abort', asked, { once: true });
  }

  /** The signal for which all processes stop. */
  get signal(): NodeJS.Signals | null {
    return this.peers.size === 1 ? this.stop.requested : this.agreed;
  }

  /** This process's contribution to a step's sum. */
  get request(): number {
    const { requested } = this.stop;
    return VALUES.find(([signal]) => signal === requested)?.[1] ?? 0;
  }

  /** Receives the sum over all processes. */
  hear(sum: number): void {
    this.agreed ??= VALUES.find(([, value]) => sum >= value)?.[0] ?? null;
    if (this.agreed) this.enough.abort();
  }

  /**
   * The batches of an epoch. A single process that is asked to stop does not wait for more batches. One of
   * several keeps waiting as long as the others may wait for it, because they can only stop together.
   *
   * @throws {CommError} when a peer is lost, even if storage holds up the next batch
   */
  async *batches(
    loader: Pick<Loader, 'epoch'>,
    epoch: number,
    options: Omit<EpochOptions, 'signal'> = {},
  ): AsyncGenerator<Batch, void, void> {
    try {
      yield* loader.epoch(epoch, { ...options, signal: this.waiting });
    } catch (error) {
      if (this.waiting.aborted) outliveHungReads();
      if (!this.signal) throw error;
    }
  }

  /**
   * Sums requests and `values` over all processes outside of a step; returns the summed values. A collective.
   *
   * @throws {CommError} if a peer is lost
   */
  async agree(values: Float64Array = new Float64Array()): Promise<Float64Array> {
    if (this.peers.size === 1) return values;
    const [request = 0, ...sums] = await this.peers.sum(Float64Array.of(this.request, ...values));
    this.hear(request);
    return Float64Array.from(sums);
  }
}

function overdue({ lossMs }: Peers): Error {
  return new Error(
    `this process was asked to stop but has waited ${Math.round(lossMs / 1000)} s for data, and the others wait for it: ` +
      'it exits without saving; the last checkpoint is intact',
  );
}
