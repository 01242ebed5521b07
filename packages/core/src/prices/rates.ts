/** How long an operation and a byte take, from instructions that were measured. */
import type { PriceEntry } from './price-list.js';

/** Seconds above the overhead of an instruction. */
export interface Rates {
  /** Of a floating-point operation. */
  readonly operation: number;
  /** Of a byte that crosses the memory bus. */
  readonly byte: number;
}

/** Weight of the general rates: an op's instructions may be too alike to tell its own. */
const PULL = 0.1;
/** Share of a general rate that an op's own has at least. */
const LEAST = 0.01;
/** Each brings the rates closer to the minimum by the factor 1 / (1 + PULL)², or faster. */
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
