/** What a device can do at best, measured on it: what times are compared with. */
import { bytesPerElement, type DataDType, type Device } from '@inplace-abn/core';
import { shortestRun } from './shortest-run.js';

export interface MachineLimits {
  /** Bytes a second, read and written, of a copy far larger than the caches. */
  readonly bandwidth: number;
  /**
   * Operations a second of the best matrix product, by the dtype of its operands. What is narrower than float32 counts at
   * least at float32's rate, if that was measured: kernels may widen it, which they do where its own instructions are slower.
   */
  readonly products: Readonly<Partial<Record<DataDType, number>>>;
}

/** A turn shorter than this says more of the clock than of the device. */
const LONG_ENOUGH = 0.02;
const SMALLEST_PRODUCT = 512;
const SMALLEST_COPY = 2 ** 26;
/** Elements: rows are copied one by one. */
const ROW = 2 ** 14;
/** Of the memory that is free. */
const MOST_MEMORY = 1 / 8;

/** Measures both limits; `dtypes`: of products. Takes a second or so. */
export async function measureLimits(
  device: Device,
  dtypes: readonly DataDType[] = ['float32'],
): Promise<MachineLimits> {
  const products: Partial<Record<DataDType, number>> = {};
  for (const dtype of dtypes) {
    if (device.refuses(dtype) === null) products[dtype] = await bestProduct(device, dtype);
  }
  const { float32: widened = 0 } = products;
  const atLeast = Object.entries(products).map(([dtype, rate]) => [dtype, Math.max(rate, widened)]);
  return { bandwidth: await bestCopy(device), products: Object.fromEntries(atLeast) };
}

/** The largest square product that is worth its time. */
async function bestProduct(device: Device, dtype: DataDType): Promise<number> {
  let best = 0;
  for (let n = SMALLEST_PRODUCT; fits(device, n * n * (2 * bytesPerElement(dtype) + 4)); n *= 2) {
    const data = { shape: [n, n], dtype };
    const inputs = [data, { shape: [n, n], dtype: 'float32' as const }, null];
    const seconds = await shortestRun(device, { op: 'linear', attrs: {}, inputs, outputs: [data] });
    best = Math.max(best, (2 * n ** 3) / seconds);
    if (seconds > LONG_ENOUGH) break;
  }
  return best;
}

async function bestCopy(device: Device): Promise<number> {
  let best = 0;
  for (let bytes = SMALLEST_COPY; fits(device, 2 * bytes); bytes *= 2) {
    const type = { shape: [bytes / (4 * ROW), ROW], dtype: 'float32' as const };
    // A concatenation of one value is a copy of it.
    const seconds = await shortestRun(device, { op: 'concat', attrs: {}, inputs: [type], outputs: [type] });
    best = Math.max(best, (2 * bytes) / seconds);
    if (seconds > LONG_ENOUGH) break;
  }
  return best;
}

function fits(device: Device, bytes: number): boolean {
  return bytes <= MOST_MEMORY * device.availableBytes();
}
