/** The ABN and InPlaceABN cases computed by PyTorch (tools/oracle/make_abn.py), with their tensors. */

import { type FixtureTensor, readJson, readSafetensors } from './fixtures.js';

export interface AbnAttributes {
  /** abn: the scale is γ. inplace: the scale is |γ| + ε. */
  layer: 'abn' | 'inplace';
  activation: 'relu' | 'leaky_relu' | 'elu' | 'identity';
  /** Slope of leaky_relu, α of elu. */
  activationParam: number;
  /** N, C, S… */
  shape: number[];
  eps: number;
  /** null: cumulative average. */
  momentum: number | null;
  affine: boolean;
  /** mixed: every other γ is negative; zero: every other γ is 0 or −0. */
  gamma: 'positive' | 'mixed' | 'zero';
  trackRunningStats: boolean;
  training: boolean;
  input: 'normal' | 'offset' | 'zero-channel';
}

/** Present if the case has them; running statistics before the first batch. */
export interface AbnState {
  weight?: Float32Array;
  bias?: Float32Array;
  running_mean?: Float32Array;
  running_var?: Float32Array;
}

/** One batch: inputs exact in float32, results in float64, and running statistics after the batch. */
export interface AbnStep {
  x: Float32Array;
  dz: Float32Array;
  z: Float64Array;
  dx: Float64Array;
  d_weight?: Float64Array;
  d_bias?: Float64Array;
  running_mean?: Float64Array;
  running_var?: Float64Array;
}

export interface AbnCase extends AbnAttributes {
  name: string;
  state: AbnState;
  /** Batches, in the order in which they run. */
  batches: AbnStep[];
}

const folder = new URL('../fixtures/abn/', import.meta.url);

/** All cases, tensors in logical N,C,S… order. */
export function readAbnCases(): AbnCase[] {
  const { cases } = readJson<{ cases: Record<string, AbnAttributes & { steps: number }> }>(
    new URL('abn.json', folder),
  );
  const { tensors } = readSafetensors(new URL('abn.safetensors', folder));
  return Object.entries(cases).map(([name, { steps, ...attributes }]) => ({
    ...attributes,
    name,
    state: {
      weight: float32(tensors, `${name}/weight`),
      bias: float32(tensors, `${name}/bias`),
      running_mean: float32(tensors, `${name}/running_mean`),
      running_var: float32(tensors, `${name}/running_var`),
    },
    batches: Array.from({ length: steps }, (_, i) => readStep(tensors, `${name}/${i}/`)),
  }));
}

function readStep(tensors: Map<string, FixtureTensor>, prefix: string): AbnStep {
  return {
    x: present(float32(tensors, `${prefix}x`), `${prefix}x`),
    dz: present(float32(tensors, `${prefix}dz`), `${prefix}dz`),
    z: present(float64(tensors, `${prefix}z`), `${prefix}z`),
    dx: present(float64(tensors, `${prefix}dx`), `${prefix}dx`),
    d_weight: float64(tensors, `${prefix}d_weight`),
    d_bias: float64(tensors, `${prefix}d_bias`),
    running_mean: float64(tensors, `${prefix}running_mean`),
    running_var: float64(tensors, `${prefix}running_var`),
  };
}

function float32(tensors: Map<string, FixtureTensor>, key: string): Float32Array | undefined {
  const data = tensors.get(key)?.data;
  return data instanceof Float32Array ? data : undefined;
}

function float64(tensors: Map<string, FixtureTensor>, key: string): Float64Array | undefined {
  const data = tensors.get(key)?.data;
  return data instanceof Float64Array ? data : undefined;
}

function present<T>(value: T | undefined, key: string): T {
  if (value === undefined) throw new Error(`abn.safetensors has no tensor ${key} of the expected dtype`);
  return value;
}
