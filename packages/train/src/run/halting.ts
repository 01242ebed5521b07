/** When a run stops before its end: all processes after the same step, whichever of them was told to. */
import type { Batch, EpochOptions, Loader } from '@inplace-abn/data';
import { outliveHungReads } from '../parallel/hung-reads.js';
import type { Peers } from '../parallel/peers.js';
import type { StopRequest } from './stop.js';

/** Weight of a request in a sum over processes, the strongest signal first: one outweighs 255 of the next. */
const VALUES = [
  ['SIGTERM', 2 ** 16],
  ['SIGHUP', 2 ** 8],
  ['SIGINT', 1],
] as const;

export class Halting {
  private agreed: NodeJS.Signals | null = null;
  private readonly enough = new AbortController();
  /** Aborted where this process is not to wait for data any longer. */
  private readonly waiting: AbortSignal;

  constructor(
    private readonly stop: StopRequest,
    private readonly peers: Peers,
  ) {
    // Not a listener of its own: peers outlive their runs.
    this.waiting = AbortSignal.any([peers.lost, this.enough.signal]);
    const asked = () => {
      if (peers.size === 1) this.enough.abort();
      // The others can only stop together with this process, so they wait for its batch.
      else setTimeout(() => this.enough.abort(overdue(peers)), peers.lossMs).unref();
    };
    stop.asked.addEventListener('abort', asked, { once: true });
  }

  /** The signal that all processes stop for. */
  get signal(): NodeJS.Signals | null {
    return this.peers.size === 1 ? this.stop.requested : this.agreed;
  }

  /** What this process adds to the sum that a step makes. */
  get request(): number {
    const { requested } = this.stop;
    return VALUES.find(([signal]) => signal === requested)?.[1] ?? 0;
  }

  /** Takes note of the sum over all processes. */
  hear(sum: number): void {
    this.agreed ??= VALUES.find(([, value]) => sum >= value)?.[0] ?? null;
    if (this.agreed) this.enough.abort();
  }

  /**
   * The batches of an epoch. A process alone that is told to stop waits for no more of them; one of several does for as long as the
   * others may wait for it, because they can only stop together.
   *
   * @throws {CommError} when a peer is lost, also where storage keeps the next batch from coming
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

  /** Sums outside of a step, with `values` in the same exchange: their sums. All processes call it. */
  async agree(values: Float64Array = new Float64Array()): Promise<Float64Array> {
    if (this.peers.size === 1) return values;
    const [request = 0, ...sums] = await this.peers.sum(Float64Array.of(this.request, ...values));
    this.hear(request);
    return Float64Array.from(sums);
  }
}

function overdue({ lossMs }: Peers): Error {
  return new Error(
    `told to stop, this process waits for data that has not come for ${Math.round(lossMs / 1000)} s, and the others wait for it: ` +
      'it ends without saving; the last checkpoint is whole',
  );
}
