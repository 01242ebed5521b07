// Bilinear resampling with antialiasing (a triangle filter as wide as the reduction) in PIL's fixed-point
// arithmetic, so that an image comes out bit for bit as from PIL's `crop(box).resize(size, BILINEAR)`, and with
// it from torchvision's transforms on PIL images.
// Source: Pillow, src/libImaging/Resample.c (`precompute_coeffs`, `ImagingResampleHorizontal_8bpc`).

import type { Box, Image } from './image.js';

// 8 bits of sample, 22 of weight, 2 spare for the sum.
const PRECISION_BITS = 32 - 8 - 2;
const HALF = 1 << (PRECISION_BITS - 1);

/** For each output position: where its inputs start, how many there are, and their fixed-point weights. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  /** Weights per output position. */
  readonly stride: number;
}

/** Weights that take `inSize` samples to `outSize`, for the output positions from `start` on. */
function triangleTaps(inSize: number, outSize: number, start: number, length: number): Taps {
  const scale = inSize / outSize;
  const support = Math.max(scale, 1);
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(length);
  const count = new Int32Array(length);
  const weights = new Int32Array(length * stride);
  const exact = new Float64Array(stride);
  for (let i = 0; i < length; i++) {
    const centre = (start + i + 0.5) * scale;
    const low = Math.max(Math.trunc(centre - support + 0.5), 0);
    const taps = Math.min(Math.trunc(centre + support + 0.5), inSize) - low;
    let sum = 0;
    for (let k = 0; k < taps; k++) {
      const weight = Math.max(1 - Math.abs((k + low - centre + 0.5) / support), 0);
      exact[k] = weight;
      sum += weight;
    }
    for (let k = 0; k < taps; k++) {
      weights[i * stride + k] = Math.trunc(0.5 + ((exact[k] ?? 0) / sum) * (1 << PRECISION_BITS));
    }
    first[i] = low;
    count[i] = taps;
  }
  return { first, count, weights, stride };
}

/**
 * Cuts `box` out of an image, resizes it to width × height and keeps `window` of the result (all of it by
 * default). Pixels outside the box have no influence; those outside the window cost nothing.
 */
export function cropAndResize(image: Image, box: Box, width: number, height: number, window?: Box): Image {
  const kept = window ?? { left: 0, top: 0, width, height };
  const { channels } = image;
  const columns = triangleTaps(box.width, width, kept.left, kept.width);
  const rows = triangleTaps(box.height, height, kept.top, kept.height);
  const firstRow = rows.first[0] ?? 0;
  const last = kept.height - 1;
  const rowCount = (rows.first[last] ?? 0) + (rows.count[last] ?? 0) - firstRow;

  // A pass that changes nothing is left out; PIL leaves it out, too.
  const samples = kept.width * channels;
  let middle: Uint8Array;
  let pitch = samples;
  let base = 0;
  if (width === box.width) {
    middle = image.data;
    pitch = image.width * channels;
    base = (box.top + firstRow) * pitch + (box.left + kept.left) * channels;
  } else {
    middle = new Uint8Array(rowCount * samples);
    const source = ((box.top + firstRow) * image.width + box.left) * channels;
    const pass = channels === 1 ? resampleGreyRow : resampleRgbRow;
    for (let y = 0; y < rowCount; y++) {
      pass(middle, y * samples, image.data, source + y * image.width * channels, columns);
    }
  }
  const data = new Uint8Array(kept.height * samples);
  if (height === box.height) {
    for (let y = 0; y < kept.height; y++) {
      const from = base + y * pitch;
      data.set(middle.subarray(from, from + samples), y * samples);
    }
  } else {
    resampleColumns(data, middle, base, pitch, samples, rows);
  }
  return { data, width: kept.width, height: kept.height, channels };
}

function resampleGreyRow(dst: Uint8Array, dstAt: number, src: Uint8Array, srcAt: number, taps: Taps): void {
  const { first, count, weights, stride } = taps;
  for (let x = 0; x < first.length; x++) {
    const from = srcAt + (first[x] as number);
    const n = count[x] as number;
    const weightAt = x * stride;
    let sum = HALF;
    for (let k = 0; k < n; k++) {
      sum += Math.imul(src[from + k] as number, weights[weightAt + k] as number);
    }
    dst[dstAt + x] = clip(sum >> PRECISION_BITS);
  }
}

function resampleRgbRow(dst: Uint8Array, dstAt: number, src: Uint8Array, srcAt: number, taps: Taps): void {
  const { first, count, weights, stride } = taps;
  for (let x = 0; x < first.length; x++) {
    let from = srcAt + (first[x] as number) * 3;
    const weightAt = x * stride;
    const end = weightAt + (count[x] as number);
    let red = HALF;
    let green = HALF;
    let blue = HALF;
    for (let k = weightAt; k < end; k++) {
      const weight = weights[k] as number;
      red += Math.imul(src[from] as number, weight);
      green += Math.imul(src[from + 1] as number, weight);
      blue += Math.imul(src[from + 2] as number, weight);
      from += 3;
    }
    const to = dstAt + x * 3;
    dst[to] = clip(red >> PRECISION_BITS);
    dst[to + 1] = clip(green >> PRECISION_BITS);
    dst[to + 2] = clip(blue >> PRECISION_BITS);
  }
}

/** The vertical pass: `samples` columns of `src`, whose first needed row starts at `base`. */
function resampleColumns(
  dst: Uint8Array,
  src: Uint8Array,
  base: number,
  pitch: number,
  samples: number,
  taps: Taps,
): void {
  const { first, count, weights, stride } = taps;
  const firstRow = first[0] ?? 0;
  const sums = new Int32Array(samples);
  for (let y = 0; y < first.length; y++) {
    let row = base + ((first[y] as number) - firstRow) * pitch;
    const last = y * stride + (count[y] as number) - 1;
    sums.fill(HALF);
    // Two rows a turn: half the traffic through the sums.
    let k = y * stride;
    for (; k < last; k += 2) {
      addTwoRows(sums, src, row, row + pitch, weights[k] as number, weights[k + 1] as number);
      row += 2 * pitch;
    }
    if (k === last) addTwoRows(sums, src, row, row, weights[k] as number, 0);
    const to = y * samples;
    for (let i = 0; i < samples; i++) dst[to + i] = clip((sums[i] as number) >> PRECISION_BITS);
  }
}

function addTwoRows(sums: Int32Array, src: Uint8Array, a: number, b: number, wa: number, wb: number): void {
  for (let i = 0; i < sums.length; i++) {
    sums[i] = (sums[i] as number) + Math.imul(src[a + i] as number, wa) + Math.imul(src[b + i] as number, wb);
  }
}

// Weights are rounded one by one, so their sum may exceed one by a few units in the last place.
function clip(value: number): number {
  return Math.min(value, 255);
}
