// Bilinear resampling with antialiasing (a triangle filter as wide as the reduction) in PIL's fixed-point
// arithmetic. Bit for bit equal to PIL's `crop(box).resize(size, BILINEAR)`, and therefore to torchvision's
// transforms on PIL images. wasm/resample.ts does the sums.
// Source: Pillow, src/libImaging/Resample.c (`precompute_coeffs`, `ImagingResampleHorizontal_8bpc`).

import { type Box, type Image, type Picture, regionOf } from './image/image.js';
import { type Kernels, kernels } from './wasm/kernels.js';

// 8 bits of sample, 22 of weight, 2 spare for the sum.
const PRECISION_BITS = 32 - 8 - 2;

/** Per output position: the first input, the number of inputs and their fixed-point weights. */
interface Taps {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  /** Weights per output position. */
  readonly stride: number;
  /** The inputs read by any position: [low, high). `first` counts from `low`. */
  readonly low: number;
  readonly high: number;
}

/** Weights that resample `inSize` samples to `outSize`, for `length` output positions from `start`. */
function triangleTaps(inSize: number, outSize: number, start: number, length: number): Taps {
  const scale = inSize / outSize;
  const support = Math.max(scale, 1);
  const stride = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(length);
  const count = new Int32Array(length);
  const weights = new Int32Array(length * stride);
  const exact = new Float64Array(stride);
  for (let i = 0; i < length; i++) {
    const center = (start + i + 0.5) * scale;
    const low = Math.max(Math.trunc(center - support + 0.5), 0);
    const taps = Math.min(Math.trunc(center + support + 0.5), inSize) - low;
    let sum = 0;
    for (let k = 0; k < taps; k++) {
      const weight = Math.max(1 - Math.abs((k + low - center + 0.5) / support), 0);
      exact[k] = weight;
      sum += weight;
    }
    for (let k = 0; k < taps; k++) {
      weights[i * stride + k] = Math.trunc(0.5 + ((exact[k] ?? 0) / sum) * (1 << PRECISION_BITS));
    }
    first[i] = low;
    count[i] = taps;
  }
  const low = first[0] ?? 0;
  const high = (first[length - 1] ?? 0) + (count[length - 1] ?? 0);
  for (let i = 0; i < length; i++) first[i] = (first[i] ?? 0) - low;
  return { first, count, weights, stride, low, high };
}

/**
 * Crops `box` from a picture, resizes it to width × height and returns `window` of the result (by default all
 * of it). Pixels outside the box are never read; pixels outside the window cost nothing.
 */
export function cropAndResize(
  picture: Picture,
  box: Box,
  width: number,
  height: number,
  window: Box = { left: 0, top: 0, width, height },
): Image {
  const columns = triangleTaps(box.width, width, window.left, window.width);
  const rows = triangleTaps(box.height, height, window.top, window.height);
  // Like PIL, skip a pass that changes nothing.
  const across = width !== box.width;
  const down = height !== box.height;
  const needed = {
    left: box.left + (across ? columns.low : window.left),
    top: box.top + (down ? rows.low : window.top),
    width: across ? columns.high - columns.low : window.width,
    height: down ? rows.high - rows.low : window.height,
  };
  const { image, left, top } = regionOf(picture, needed);
  const { channels } = image;
  const from = ((needed.top - top) * image.width + needed.left - left) * channels;
  const pitch = image.width * channels;
  const source = image.data.subarray(from, from + (needed.height - 1) * pitch + needed.width * channels);
  const samples = window.width * channels;
  if (!across && !down) {
    return {
      data: packRows(source, pitch, samples, window.height),
      width: window.width,
      height: window.height,
      channels,
    };
  }
  const kernel = kernels();
  kernel.scratch.reset();
  let at = kernel.scratch.put(source);
  if (across) at = resampleRows(kernel, at, pitch, needed.height, columns, channels);
  if (down) at = resampleColumns(kernel, at, across ? samples : pitch, samples, rows);
  const data = kernel.scratch.copyPixels(at, samples * window.height);
  return { data, width: window.width, height: window.height, channels };
}

/** Returns the address of `height` resampled rows, contiguous. */
function resampleRows(
  { scratch, resampleRgbRows, resampleGrayRows }: Kernels,
  src: number,
  pitch: number,
  height: number,
  { first, count, weights, stride }: Taps,
  channels: 1 | 3,
): number {
  const width = first.length;
  const dst = scratch.take(width * channels * height);
  const resample = channels === 3 ? resampleRgbRows : resampleGrayRows;
  const taps = [scratch.put(first), scratch.put(count), scratch.put(weights)] as const;
  resample(dst, src, pitch, height, width, ...taps, stride);
  return dst;
}

/** Returns the address of the resampled rows of `samples` bytes each, contiguous. */
function resampleColumns(
  { scratch, resampleColumns: resample }: Kernels,
  src: number,
  pitch: number,
  samples: number,
  { first, count, weights, stride }: Taps,
): number {
  const height = first.length;
  const dst = scratch.take(samples * height);
  const taps = [scratch.put(first), scratch.put(count), scratch.put(weights)] as const;
  resample(dst, src, pitch, samples, height, ...taps, stride);
  return dst;
}

/** Copies rows of `samples` bytes, `pitch` apart, to contiguous memory. */
function packRows(source: Uint8Array, pitch: number, samples: number, height: number): Uint8Array {
  const data = new Uint8Array(samples * height);
  for (let y = 0; y < height; y++) data.set(source.subarray(y * pitch, y * pitch + samples), y * samples);
  return data;
}
