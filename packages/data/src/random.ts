// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). Random numbers are a
// function of a key and a counter, so any worker can draw any sample in any order.

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** The upper 32 bits of a 32×32-bit product, computed from 16-bit halves. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(cross / 0x10000)) >>> 0;
}

/** One Philox4x32-10 block: maps four counter words and two key words to four random words in `dst`. */
export function philox4x32(
  dst: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  dst[0] = c0;
  dst[1] = c1;
  dst[2] = c2;
  dst[3] = c3;
}

/** Streams of random numbers, one for each use. */
export const Stream = {
  /** Crops, flips and colors; the index is that of the image. */
  augmentation: 0,
  /** Order of the images of an epoch. */
  permutation: 1,
  /** Mixup and cutmix; the index is that of the batch. */
  mixing: 2,
} as const;
/** Number of a stream. */
export type Stream = (typeof Stream)[keyof typeof Stream];

/** A stream of random numbers that depends only on (seed, stream, epoch, index). */
export class Random {
  private readonly words = new Uint32Array(4);
  private readonly key0: number;
  private readonly key1: number;
  private block = 0;
  private used = 4;

  /**
   * Begins the numbers of one sample.
   *
   * @param seed a safe integer ≥ 0
   * @param epoch an integer in [0, 2³²)
   * @param index of the sample, an integer in [0, 2³²)
   * @throws RangeError for another seed
   */
  constructor(
    seed: number,
    private readonly stream: Stream,
    private readonly epoch: number,
    private readonly index: number,
  ) {
    checkSeed(seed);
    this.key0 = seed >>> 0;
    this.key1 = Math.floor(seed / 0x100000000) >>> 0;
  }

  /** A uniform 32-bit integer. */
  uint32(): number {
    if (this.used === 4) {
      philox4x32(this.words, this.block++, this.index, this.epoch, this.stream, this.key0, this.key1);
      this.used = 0;
    }
    return this.words[this.used++] ?? 0;
  }

  /** Uniform in [low, high), with 32 bits of resolution. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.uint32() / 0x100000000);
  }

  /** A uniform integer in [0, count), without modulo bias; `count` in [1, 2³²]. */
  below(count: number): number {
    const limit = 0x100000000 - (0x100000000 % count);
    let word = this.uint32();
    while (word >= limit) word = this.uint32();
    return word % count;
  }

  /**
   * Normal with mean 0 (Box–Muller). Each draw takes two words and caches nothing, so draws stay independent.
   */
  normal(standardDeviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log((this.uint32() + 1) / 0x100000000));
    return standardDeviation * radius * Math.cos(2 * Math.PI * (this.uint32() / 0x100000000));
  }
}

/** @throws RangeError unless `seed` is a safe integer ≥ 0 */
export function checkSeed(seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`Expected a whole number from 0 to 2^53 - 1 for seed but received ${seed}`);
  }
}
