/** Initializers of torch.nn.init, under the names of the configuration. */
import { type Activation, elements, type Shape } from '@inplace-abn/core';
import { normalStream } from '../random.js';
import { fans } from './fans.js';
import { orthogonal } from './orthogonal.js';

/** Initializes a weight of `shape`. Kaiming rules ignore `gain`; only they use `slope`. */
export type Initializer = (shape: Shape, uniform: () => number, gain: number, slope: number) => Float32Array;

function normal(shape: Shape, uniform: () => number, std: number): Float32Array {
  const draw = normalStream(uniform);
  return filled(shape, () => draw() * std);
}

/** Uniform within ±bound. */
export function symmetric(shape: Shape, uniform: () => number, bound: number): Float32Array {
  return filled(shape, () => (2 * uniform() - 1) * bound);
}

/** A loop, because `Float32Array.from` is several times slower and networks have 10⁸ weights. */
function filled(shape: Shape, draw: () => number): Float32Array {
  const weight = new Float32Array(elements(shape));
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

/** The rules that initial weights are drawn by, as in torch.nn.init. */
export const initializers = {
  /** Normal, √(2/(in + out)) · gain wide. */
  xavier_normal: (shape, uniform, gain) => normal(shape, uniform, xavierStd(shape, gain)),
  /** Uniform, of the deviation of `xavier_normal`. */
  xavier_uniform: (shape, uniform, gain) => symmetric(shape, uniform, Math.sqrt(3) * xavierStd(shape, gain)),
  /** Normal, of the deviation that keeps the variance of a layer behind a leaky_relu of this slope. */
  kaiming_normal: (shape, uniform, _gain, slope) => normal(shape, uniform, kaimingStd(shape, slope)),
  /** Uniform, of the deviation of `kaiming_normal`. */
  kaiming_uniform: (shape, uniform, _gain, slope) =>
    symmetric(shape, uniform, Math.sqrt(3) * kaimingStd(shape, slope)),
  /** Rows (or columns, if they are fewer) orthogonal to each other, of length gain. */
  orthogonal: (shape, uniform, gain) => orthogonal(shape, uniform, gain),
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
