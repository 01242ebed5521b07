/** When a run stops before its end: all processes after the same step, whichever of them was told to. */
import type { Peers } from '../parallel/peers.js';
import type { StopRequest } from './stop.js';

/** What a request counts in a sum over processes, the strongest signal first: one outweighs 255 of the next. */
const VALUES = [
  ['SIGTERM', 2 ** 16],
  ['SIGHUP', 2 ** 8],
  ['SIGINT', 1],
] as const;

export class Halting {
  private agreed: NodeJS.Signals | null = null;

  constructor(
    private readonly stop: StopRequest,
    private readonly peers: Peers,
  ) {}

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
  }

  /** Sums outside of a step, with `values` in the same exchange: their sums. All processes call it. */
  async agree(values: Float64Array = new Float64Array()): Promise<Float64Array> {
    if (this.peers.size === 1) return values;
    const [request = 0, ...sums] = await this.peers.sum(Float64Array.of(this.request, ...values));
    this.hear(request);
    return Float64Array.from(sums);
  }
}
