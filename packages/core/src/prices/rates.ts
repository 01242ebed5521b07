/** Fits the time of an operation and of a byte to measured instructions. */
import type { PriceEntry } from './price-list.js';

/** Seconds above the overhead of an instruction. */
export interface Rates {
  /** Seconds per floating-point operation. */
  readonly operation: number;
  /** Seconds per byte that crosses the memory bus. */
  readonly byte: number;
}

/** Weight of the general rates, because an op's instructions may be too similar to determine its own. */
const PULL = 0.1;
/** Minimum of an op's rate, as a share of the general rate. */
const LEAST = 0.01;
/** Each round multiplies the distance to the minimum by at most 1 / (1 + PULL)². */
const ROUNDS = 100;

/**
 * The rates of instructions of one op. α and β minimize the relative errors
 *
 *   Σ cᵢ (1 − (t₀ + α oᵢ + β bᵢ) / tᵢ)² + λ (A (α − α₀)² + B (β − β₀)²),
 *   A = Σ cᵢ (oᵢ / tᵢ)², B = Σ cᵢ (bᵢ / tᵢ)², λ = PULL,
 *
 * for c instructions of o operations and b bytes in t seconds each, with the general rates α₀ and β₀, by
 * coordinate descent.
 *
 * @param overhead t₀: seconds of an instruction that does nothing
 */
export function ratesOf(entries: readonly PriceEntry[], overhead: number, general: Rates): Rates {
  let [aa, bb, ab, a, b] = [0, 0, 0, 0, 0];
  for (const { operations, bytes, seconds, count } of entries) {
    const [x, y, time] = [operations / seconds, bytes / seconds, 1 - overhead / seconds];
    aa += count * x * x;
    bb += count * y * y;
    ab += count * x * y;
    a += count * x * time;
    b += count * y * time;
  }
  let { operation, byte } = general;
  for (let round = 0; round < ROUNDS; round++) {
    operation = pulled(aa, a - ab * byte, general.operation);
    byte = pulled(bb, b - ab * operation, general.byte);
  }
  return { operation, byte };
}

/** The minimum of square · r² / 2 − product · r, pulled to the general rate. */
function pulled(square: number, product: number, general: number): number {
  if (square === 0) return general;
  return Math.max(LEAST * general, (product / square + PULL * general) / (1 + PULL));
}
