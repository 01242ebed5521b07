/** Training batches whose images are mixed in pairs, as mixup and cutmix do. */
import {
  add,
  type MixOperands,
  mixImages,
  mul,
  shardInput,
  sub,
  type Tracer,
  UsageError,
  type Value,
} from '@inplace-abn/core';
import type { TypedArray } from '@inplace-abn/tensor';
import type { Batch } from './arrays.js';
import { refuse } from './kinds.js';
import { isTensorOptions, named, type OneOrNamed } from './signals.js';

/** The position of a batch, on which its draws depend. */
export interface MixPosition {
  /** Seed of the session. */
  readonly seed: number;
  /** Epoch, from 0. */
  readonly epoch: number;
  /** Batch of the epoch, from 0. */
  readonly batch: number;
  /** Width of the images in pixels. */
  readonly width: number;
  /** Height of the images in pixels. */
  readonly height: number;
}

/** How a batch is mixed. */
export interface MixDraws {
  /** Share of an image's own target, and with mixup of its own pixels. */
  readonly lambda: number;
  /** Box that cutmix takes from the other image, exclusive of bottom and right; all 0 for mixup. */
  readonly box: readonly [top: number, left: number, bottom: number, right: number];
}

/** Draws how batches are mixed, such as `mixing({ mixup: 0.2, cutmix: 1 })` of @inplace-abn/data. */
export interface Mixing {
  /** The draws for one batch: the same for the same position. */
  draw(at: MixPosition): MixDraws;
}

interface SampleOptions {
  readonly shape: readonly number[];
  readonly dtype?: string;
}

interface MixOptions {
  readonly mix?: Mixing;
  readonly input: OneOrNamed<SampleOptions>;
}

/** Throws UsageError unless the network takes images alone, and targets are of whole images. */
export function checkMixing({
  mix,
  input,
  target = {},
}: MixOptions & { readonly target?: OneOrNamed<SampleOptions> }): void {
  if (mix === undefined) return;
  if (typeof mix !== 'object' || typeof mix?.draw !== 'function') {
    refuse('Session', 'mix to draw, such as mixing({ mixup: 0.2 }) of @inplace-abn/data,', mix);
  }
  const { shape, dtype = 'float32' } = input;
  if (!Array.isArray(shape) || shape.length !== 3 || dtype !== 'float32') {
    refuse('Session', 'one float32 input of images, such as [3, 224, 224], to mix', input);
  }
  for (const [name, sample] of named('target', target, isTensorOptions)) checkTarget(name, sample.shape);
}

/**
 * Refuses targets of pixels, which would have to be cut and moved like the pixels. `shape`: of one sample.
 */
function checkTarget(name: string, shape: readonly number[]): void {
  if (shape.length < 2) return;
  throw new UsageError(
    `Session: mix is for targets of whole images, such as labels or scores of classes, but ${name} of a sample is [${shape.join(', ')}]: leave mix out`,
    { code: 'ERR_OPTION_VALUE' },
  );
}

/** The draws for the batch at a position; null: nothing is mixed. */
export function drawnMix(
  { mix, input }: MixOptions,
  at: Omit<MixPosition, 'width' | 'height'>,
): MixDraws | null {
  if (!mix) return null;
  const [, height, width] = Array.isArray(input.shape) ? input.shape.map(Number) : [];
  return mix.draw({ ...at, seed: Math.abs(at.seed), width: width ?? 0, height: height ?? 0 });
}

const PREFIX = 'mixed_';

/** Inputs of the images' draws. */
const PARTNERS = 'partners';
const LAMBDA = 'lambda';
const BOXES = 'boxes';
/** λ as a scalar, for the targets. */
const SHARE = 'own_share';

/** Inputs that each shard has separately. */
export const MIXED_INPUTS = new RegExp(`^(${PARTNERS}|${LAMBDA}|${BOXES})$|^${PREFIX}target(\\.|$)`);

/** Images [N,C,H,W], mixed by the inputs `partners`, `lambda` and `boxes`. */
export function mixed(tracer: Tracer, images: Value): Value {
  const [batch = 0] = images.shape;
  const operands: MixOperands = {
    partners: tracer.input(PARTNERS, [batch], 'int32'),
    lambda: tracer.input(LAMBDA, [batch], 'float32'),
    boxes: tracer.input(BOXES, [batch, 4], 'int32'),
  };
  return tracer.within('input', () => mixImages(images, operands));
}

/**
 * The loss of mixed targets. Float32 targets are mixed: λ·own + (1 − λ)·other. For labels the losses are
 * mixed: λ·loss(own) + (1 − λ)·loss(other), as in the paper's code. The other targets are inputs
 * `mixed_target…`.
 *
 * @throws UsageError, code ERR_OPTION_VALUE, for targets of pixels
 */
export function mixedLoss(
  tracer: Tracer,
  targets: ReadonlyMap<string, Value>,
  lossOf: (targets: ReadonlyMap<string, Value>) => Value,
): Value {
  for (const [name, { shape }] of targets) checkTarget(name, shape.slice(1));
  const own = tracer.input(SHARE, [], 'float32');
  const others = new Map(
    [...targets].map(([name, { shape, dtype }]) => [name, tracer.input(`${PREFIX}${name}`, shape, dtype)]),
  );
  const between = (a: Value, b: Value) => add(mul(a, own), mul(b, sub(1, own)));
  if ([...targets.values()].some(({ dtype }) => dtype !== 'float32')) {
    return between(lossOf(targets), lossOf(others));
  }
  return lossOf(
    new Map([...targets].map(([name, value]) => [name, between(value, others.get(name) ?? value)])),
  );
}

/**
 * The arrays of these inputs for a run of a step: each image is paired with the one before it, the first with
 * the last, within each part or shard.
 */
export function mixArrays(
  run: Batch & { readonly shards?: readonly number[] },
  { lambda, box }: MixDraws,
): Map<string, TypedArray> {
  const arrays = new Map<string, TypedArray>([[SHARE, Float32Array.of(lambda)]]);
  const sizes = run.shards ?? [run.samples];
  for (const [index, size] of sizes.entries()) {
    const named = (name: string) => (run.shards ? shardInput(name, index) : name);
    arrays.set(
      named(PARTNERS),
      Int32Array.from({ length: size }, (_, row) => (row + size - 1) % size),
    );
    arrays.set(named(LAMBDA), new Float32Array(size).fill(lambda));
    arrays.set(
      named(BOXES),
      Int32Array.from({ length: 4 * size }, (_, i) => box[i % 4] ?? 0),
    );
    for (const [name, data] of run.y) {
      if (name.endsWith(named(''))) arrays.set(`${PREFIX}${name}`, rolled(data, size));
    }
  }
  return arrays;
}

/** Moves the targets of each sample to the next one, and those of the last to the first. */
function rolled(data: TypedArray, samples: number): TypedArray {
  const other = data.slice();
  const bytes = (array: TypedArray) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const [from, to] = [bytes(data), bytes(other)];
  const end = from.length - from.length / samples;
  to.set(from.subarray(end));
  to.set(from.subarray(0, end), from.length - end);
  return other;
}
