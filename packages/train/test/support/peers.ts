/** Several peers in one process, whose collectives wait for each other like those of processes. */
import { ALONE, type Peers } from '../../src/index.js';

/** The contributions to a collective so far. */
class Round {
  readonly given: unknown[] = [];
  private resolve: (all: readonly unknown[]) => void = () => {};
  readonly all = new Promise<readonly unknown[]>((resolve) => {
    this.resolve = resolve;
  });

  constructor(private readonly size: number) {}

  give(rank: number, value: unknown): Promise<readonly unknown[]> {
    this.given[rank] = value;
    if (Object.keys(this.given).length === this.size) this.resolve(this.given);
    return this.all;
  }
}

/** `size` peers. Programs do not share steps among them. */
export function peersInProcess(size: number): Peers[] {
  const rounds: Round[] = [];
  return Array.from({ length: size }, (_, rank): Peers => {
    let next = 0;
    const exchange = (value: unknown): Promise<readonly unknown[]> => {
      const number = next++;
      const round = rounds[number] ?? new Round(size);
      rounds[number] = round;
      return round.give(rank, value);
    };
    return {
      ...ALONE,
      lossMs: 60_000,
      rank,
      size,
      async sum(values) {
        const all = (await exchange(values)) as readonly Float64Array[];
        return values.map((_, i) => all.reduce((sum, each) => sum + (each[i] ?? 0), 0));
      },
      gather: async <T>(value: T) => structuredClone(await exchange(value)) as T[],
      barrier: async () => {
        await exchange(null);
      },
    };
  });
}
