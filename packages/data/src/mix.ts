// mixup and cutmix in batch mode, as torchvision's reference training draws them: one λ and one box per
// batch. Each image is paired with the one before it in the batch (`batch.roll(1, 0)`; timm pairs with the
// reversed batch). Source: torchvision, transforms/v2/_augment.py (MixUp, CutMix).

import type { Size } from './geometry.js';
import { Random, Stream } from './random.js';

/**
 * Which batches are mixed, and how strongly. Names and meanings are those of timm's `Mixup`, mode `batch`.
 */
export interface MixOptions {
  /** α of the Beta(α, α) distribution of λ for mixup; 0: no mixup. Default 0. */
  mixup?: number;
  /** α of the Beta(α, α) distribution of λ for cutmix; 0: no cutmix. Default 0. */
  cutmix?: number;
  /** Probability that a batch is mixed at all. Default 1. */
  probability?: number;
  /** Probability of cutmix rather than mixup where both are on. Default 0.5. */
  switchProbability?: number;
}

/** The draws for one batch. */
export interface MixDraw {
  /** Share of the image's own label, and with mixup of its own pixels. */
  readonly lambda: number;
  /** Box that cutmix takes from the other image, exclusive of bottom and right; all 0 for mixup. */
  readonly box: readonly [top: number, left: number, bottom: number, right: number];
}

const NO_BOX = [0, 0, 0, 0] as const;
const NOT_MIXED: MixDraw = { lambda: 1, box: NO_BOX };

/** Whether the options mix any batch. @throws RangeError for an option out of range */
export function mixes(options: MixOptions): boolean {
  const { mixup = 0, cutmix = 0, probability = 1, switchProbability = 0.5 } = options;
  for (const [name, alpha] of Object.entries({ mixup, cutmix })) {
    if (!(alpha >= 0 && alpha < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`Expected a number of at least 0 for ${name} but received ${alpha}`);
    }
  }
  for (const [name, value] of Object.entries({ probability, switchProbability })) {
    if (!(value >= 0 && value <= 1)) {
      throw new RangeError(`Expected a probability from 0 to 1 for ${name} but received ${value}`);
    }
  }
  return (mixup > 0 || cutmix > 0) && probability > 0;
}

/** The position of a batch, on which its draws depend: it counts from 0 in its epoch, over all processes. */
export interface MixPosition extends Size {
  /** Seed of the run, a whole number from 0. */
  readonly seed: number;
  /** Epoch, from 0. */
  readonly epoch: number;
  /** Batch of the epoch, from 0. */
  readonly batch: number;
}

/** Draws how the batches of a training run are mixed. */
export interface BatchMixing {
  /** λ and the box of one batch, the same for the same position. */
  draw(at: MixPosition): MixDraw;
}

/**
 * Draws mixup and cutmix as the option `mix` of a session takes them. They are the same as those of a loader
 * with these options for the same seed, epoch and batch. Options that mix no batch draw a λ of 1.
 *
 * @throws RangeError for an option out of range
 */
export function mixing(options: MixOptions): BatchMixing {
  const any = mixes(options);
  return { draw: (at) => (any ? drawAt(options, at) : NOT_MIXED) };
}

/** Draws how a batch is mixed. */
export function drawAt(options: MixOptions, { seed, epoch, batch, ...size }: MixPosition): MixDraw {
  return drawMix(options, new Random(seed, Stream.mixing, epoch, batch), size);
}

/** Draws how a batch of images of this size is mixed. */
export function drawMix(options: MixOptions, random: Random, size: Size): MixDraw {
  const { mixup = 0, cutmix = 0, probability = 1, switchProbability = 0.5 } = options;
  if (random.uniform() >= probability) return NOT_MIXED;
  const cut = cutmix > 0 && (mixup === 0 || random.uniform() < switchProbability);
  if (!cut) return { lambda: symmetricBeta(mixup, random), box: NO_BOX };
  const lambda = symmetricBeta(cutmix, random);
  return cutOut(lambda, { x: random.below(size.width), y: random.below(size.height) }, size);
}

/**
 * The box of CutMix (Yun et al. 2019): a share 1 − λ of the area around `center`, clipped to the image. The
 * returned λ is the share outside the box.
 */
export function cutOut(lambda: number, center: { x: number; y: number }, { width, height }: Size): MixDraw {
  const half = 0.5 * Math.sqrt(1 - lambda);
  const [across, down] = [Math.trunc(half * width), Math.trunc(half * height)];
  const top = Math.max(center.y - down, 0);
  const left = Math.max(center.x - across, 0);
  const bottom = Math.min(center.y + down, height);
  const right = Math.min(center.x + across, width);
  const area = (bottom - top) * (right - left);
  return area > 0 ? { lambda: 1 - area / (width * height), box: [top, left, bottom, right] } : NOT_MIXED;
}

/** Beta(α, α) from the logarithms of two gamma variates, which underflow float64 for a small α. */
function symmetricBeta(alpha: number, random: Random): number {
  const [a, b] = [logGamma(alpha, random), logGamma(alpha, random)];
  return 1 / (1 + Math.exp(b - a));
}

/**
 * The logarithm of a Gamma(shape, 1) variate (Marsaglia and Tsang, "A simple method for generating gamma
 * variables", 2000).
 */
function logGamma(shape: number, random: Random): number {
  if (shape < 1) return logGamma(shape + 1, random) + Math.log(openUniform(random)) / shape;
  const d = shape - 1 / 3;
  for (;;) {
    const x = random.normal();
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(openUniform(random)) < 0.5 * x * x + d - d * v + d * Math.log(v)) {
      return Math.log(d * v);
    }
  }
}

/** Uniform in (0, 1]. */
function openUniform(random: Random): number {
  return 1 - random.uniform();
}
