/** Initializers of torch.nn.init, by name. */
import { type Activation, elements, type Shape } from '@inplace-abn/core';
import { normalStream } from '../random.js';
import { fans } from './fans.js';
import { orthogonal } from './orthogonal.js';

/**
 * Draws a weight of `shape`, into `weight` if given. Kaiming rules ignore `gain`; only they use `slope`.
 */
export type Initializer = (
  shape: Shape,
  uniform: () => number,
  gain: number,
  slope: number,
  weight?: Float32Array,
) => Float32Array;

function normal(shape: Shape, uniform: () => number, std: number, weight?: Float32Array): Float32Array {
  const draw = normalStream(uniform);
  return filled(shape, () => draw() * std, weight);
}

/** Uniform within ±bound. */
export function symmetric(
  shape: Shape,
  uniform: () => number,
  bound: number,
  weight?: Float32Array,
): Float32Array {
  return filled(shape, () => (2 * uniform() - 1) * bound, weight);
}

/** A loop, because `Float32Array.from` is several times slower and networks have 10⁸ weights. */
function filled(
  shape: Shape,
  draw: () => number,
  weight: Float32Array = new Float32Array(elements(shape)),
): Float32Array {
  for (let i = 0; i < weight.length; i++) weight[i] = draw();
  return weight;
}

function xavierStd(shape: Shape, gain: number): number {
  const { fanIn, fanOut } = fans(shape);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

/** torch.nn.init.kaiming_*: fan-in mode, leaky_relu nonlinearity with negative slope `a`. */
function kaimingStd(shape: Shape, slope: number): number {
  return Math.sqrt(2 / (1 + slope * slope) / fans(shape).fanIn);
}

/** Rules for initial weights, as in torch.nn.init. */
export const initializers = {
  /** Normal with standard deviation gain·√(2/(fanIn + fanOut)) (Glorot and Bengio 2010). */
  xavier_normal: (shape, uniform, gain, _slope, weight?) =>
    normal(shape, uniform, xavierStd(shape, gain), weight),
  /** Uniform with the standard deviation of `xavier_normal`. */
  xavier_uniform: (shape, uniform, gain, _slope, weight?) =>
    symmetric(shape, uniform, Math.sqrt(3) * xavierStd(shape, gain), weight),
  /** Normal with standard deviation √(2/((1 + slope²)·fanIn)), for leaky_relu (He et al. 2015). */
  kaiming_normal: (shape, uniform, _gain, slope, weight?) =>
    normal(shape, uniform, kaimingStd(shape, slope), weight),
  /** Uniform with the standard deviation of `kaiming_normal`. */
  kaiming_uniform: (shape, uniform, _gain, slope, weight?) =>
    symmetric(shape, uniform, Math.sqrt(3) * kaimingStd(shape, slope), weight),
  /** Orthonormal rows (or columns, if they are fewer) times gain (Saxe et al. 2013). */
  orthogonal: (shape, uniform, gain, _slope, weight?) => orthogonal(shape, uniform, gain, weight),
} satisfies Record<string, Initializer>;

/** Name of a rule for initial weights. */
export type WeightInit = keyof typeof initializers;

/** torch.nn.init.calculate_gain; elu counts as relu. */
export function activationGain(activation: Activation, slope: number): number {
  switch (activation) {
    case 'identity':
      return 1;
    case 'relu':
    case 'elu':
      return Math.SQRT2;
    case 'leaky_relu':
      return Math.sqrt(2 / (1 + slope * slope));
  }
}
