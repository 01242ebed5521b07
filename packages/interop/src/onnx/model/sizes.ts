/** Sizes of a graph that is traced at several sizes of its inputs: a number for each trace. */

/** One size in every trace, the first of which is the graph that is written. */
export type Size = readonly number[];

export function isFixed(size: Size): boolean {
  return size.every((value) => value === size[0]);
}

export function sameSize(a: Size, b: Size): boolean {
  return a.every((value, trace) => value === b[trace]);
}

export function isOne(size: Size): boolean {
  return size.every((value) => value === 1);
}

export function product(sizes: readonly Size[]): Size {
  const [first = [1], ...rest] = sizes;
  return rest.reduce((all, size) => all.map((value, trace) => value * (size[trace] ?? Number.NaN)), first);
}

/** How a size follows from another: ⌊(times · size + plus) / by⌋. */
export interface Step {
  readonly times: number;
  readonly plus: number;
  readonly by: number;
}

/** Divisors that are tried: the reductions of networks. */
const MOST_DIVISOR = 64;

/** The step from `from` to `to` that holds in every trace; null where none is found. */
export function stepBetween(from: Size, to: Size): Step | null {
  const [a = Number.NaN, b = Number.NaN] = [from[0], to[0]];
  const holds = (step: Step) => from.every((value, trace) => taken(value, step) === to[trace]);
  const simple = [
    { times: 1, plus: 0, by: 1 },
    { times: 1, plus: b - a, by: 1 },
    { times: b / a, plus: 0, by: 1 },
  ];
  const found = simple.find((step) => Number.isInteger(step.times) && holds(step));
  if (found) return found;
  for (let by = 2; by <= MOST_DIVISOR; by++) {
    for (let plus = 0; plus < by; plus++) {
      const step = { times: 1, plus, by };
      if (holds(step)) return step;
    }
  }
  return null;
}

function taken(value: number, { times, plus, by }: Step): number {
  return Math.floor((times * value + plus) / by);
}
