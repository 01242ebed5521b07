import { checkSeed, Random, Stream } from './random.js';

/** The order in which an epoch visits a data set. */
export interface Sampler {
  /** Samples per epoch. */
  readonly length: number;
  /** The data set's indices in the order of this epoch. Depends only on the epoch. */
  order(epoch: number): Int32Array;
}

/** A uniform permutation of 0 … length − 1 (Fisher–Yates), a function of (seed, epoch). */
export function permutation(length: number, seed: number, epoch: number): Int32Array {
  return permute(
    Int32Array.from({ length }, (_, i) => i),
    seed,
    epoch,
    0,
  );
}

/** Permutes values in place, a function of (seed, epoch, part). */
export function permute(order: Int32Array, seed: number, epoch: number, part: number): Int32Array {
  const random = new Random(seed, Stream.permutation, epoch, part);
  for (let last = order.length - 1; last > 0; last--) {
    const chosen = random.below(last + 1);
    const swapped = order[last] ?? 0;
    order[last] = order[chosen] ?? 0;
    order[chosen] = swapped;
  }
  return order;
}

/**
 * Visits every sample once per epoch, in an order drawn from (seed, epoch).
 *
 * @throws RangeError unless `seed` is a safe integer ≥ 0
 */
export function shuffledSampler(length: number, seed: number): Sampler {
  checkSeed(seed);
  return { length, order: (epoch) => permutation(length, seed, epoch) };
}

/**
 * Draws as many samples per epoch as there are, with replacement, and on average equally many of each class,
 * like torch.utils.data.WeightedRandomSampler with weights 1 / (samples of the class). A function of
 * (seed, epoch).
 *
 * @param labels class of each sample
 * @throws RangeError unless `seed` is a safe integer ≥ 0
 */
export function balancedSampler(labels: Int32Array, seed: number): Sampler {
  checkSeed(seed);
  const members = new Map<number, number[]>();
  labels.forEach((label, index) => {
    const known = members.get(label);
    if (known) known.push(index);
    else members.set(label, [index]);
  });
  const classes = [...members.keys()].sort((a, b) => a - b).map((label) => members.get(label) ?? []);
  const { length } = labels;
  return {
    length,
    order(epoch) {
      const random = new Random(seed, Stream.permutation, epoch, 0);
      return Int32Array.from({ length }, () => {
        const chosen = classes[random.below(classes.length)] ?? [];
        return chosen[random.below(chosen.length)] ?? 0;
      });
    },
  };
}

/** Visits every sample once per epoch, in the order of the data set. */
export function sequentialSampler(length: number): Sampler {
  return { length, order: () => Int32Array.from({ length }, (_, i) => i) };
}
