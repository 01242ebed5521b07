/** Shared by the comparisons with PyTorch: the states before a step, and relative differences. */
import type { TypedArray } from '@inplace-abn/core';
import type { Module } from '@inplace-abn/nn';
import { expect } from 'vitest';
import { parameter } from '../../../core/test/support/prng.js';

/** Values that override generated ones, by parameter and channel. */
export type Biases = Readonly<Record<string, readonly (readonly [number, number])[]>>;

/** Generated parameters and initial running statistics. */
export function startOf(network: Module, biases: Biases): Record<string, TypedArray> {
  const states: Record<string, TypedArray> = {};
  for (const { name, shape, kind, role } of network.namedStates()) {
    if (kind === 'parameter') {
      const data = parameter(name, shape);
      for (const [channel, value] of biases[name] ?? []) data[channel] = value;
      states[name] = data;
    } else if (role === 'one') states[name] = new Float32Array(shape[0] ?? 0).fill(1);
  }
  return states;
}

/** ‖a − b‖ / ‖b‖ */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let [difference, norm] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? Number.NaN, b[i] ?? Number.NaN];
    difference += (x - y) ** 2;
    norm += y ** 2;
  }
  return Math.sqrt(difference / norm);
}
