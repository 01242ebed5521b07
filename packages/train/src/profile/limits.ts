/** Measures the peak bandwidth and compute rate of a device, to compare times with. */
import { bytesPerElement, type DataDType, type Device } from '@inplace-abn/core';
import { shortestRun } from './shortest-run.js';

/** Peak arithmetic rate and memory bandwidth of a machine. */
export interface MachineLimits {
  /** Bytes per second, reads and writes, of a copy much larger than the caches. */
  readonly bandwidth: number;
  /**
   * FLOP/s of the best matrix product, by operand dtype. Types narrower than float32 get at least float32's
   * rate if it was measured, because kernels widen them if that is faster.
   */
  readonly products: Readonly<Partial<Record<DataDType, number>>>;
}

/** Shorter runs measure the clock rather than the device. */
const LONG_ENOUGH = 0.02;
const SMALLEST_PRODUCT = 512;
const SMALLEST_COPY = 2 ** 26;
/** Elements per row; rows are copied one by one. */
const ROW = 2 ** 14;
/** Maximum fraction of free memory to use. */
const MOST_MEMORY = 1 / 8;

/** Measures both limits, the products for each of `dtypes`. Takes about a second. */
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

/** Rate of the largest square product that does not take too long. */
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
    // Concatenating a single value copies it.
    const seconds = await shortestRun(device, { op: 'concat', attrs: {}, inputs: [type], outputs: [type] });
    best = Math.max(best, (2 * bytes) / seconds);
    if (seconds > LONG_ENOUGH) break;
  }
  return best;
}

function fits(device: Device, bytes: number): boolean {
  return bytes <= MOST_MEMORY * device.availableBytes();
}
