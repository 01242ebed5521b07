/**
 * Scalar activations φ, shared by the reference implementations of the fused ops. `slope` is the negative
 * slope of leaky_relu or the α of elu.
 */

/** Name of an activation φ. For x ≥ 0 all are x; for x < 0 they are x, 0, slope·x and slope·(eˣ − 1). */
export type Activation = 'identity' | 'relu' | 'leaky_relu' | 'elu';

/** Names of all activations. */
export const ACTIVATIONS: readonly Activation[] = ['identity', 'relu', 'leaky_relu', 'elu'];

// A type alias because attributes need an index signature, which an interface lacks.
/** An activation with its parameter. */
export type ActivationAttributes = {
  /** Name of φ. */
  readonly activation: Activation;
  /** Negative slope of leaky_relu, or α of elu; the others ignore it. */
  readonly slope: number;
};

/** φ(x) = x. */
export const IDENTITY: ActivationAttributes = { activation: 'identity', slope: 0 };

/** False for relu, which discards negative inputs, and for leaky_relu and elu unless `slope` is positive. */
export function isInvertible({ activation, slope }: ActivationAttributes): boolean {
  if (activation === 'relu') return false;
  return activation === 'identity' || slope > 0;
}

/** True if the output determines the input wherever φ′ is not zero: for relu and all that are invertible. */
export function isInvertibleWhereActive(attrs: ActivationAttributes): boolean {
  return attrs.activation === 'relu' || isInvertible(attrs);
}

/** z = φ(y) */
export function activate(y: number, { activation, slope }: ActivationAttributes): number {
  switch (activation) {
    case 'identity':
      return y;
    case 'relu':
      return Math.max(y, 0);
    case 'leaky_relu':
      return y < 0 ? y * slope : y;
    case 'elu':
      return y < 0 ? slope * Math.expm1(y) : y;
  }
}

/** φ′·dz given z = φ(y). Where relu is inactive the result is 0 even if dz is not finite, as in PyTorch. */
export function activationDiff(dz: number, z: number, attrs: ActivationAttributes): number {
  if (attrs.activation === 'relu' && z <= 0) return 0;
  return dz * derivativeFromOutput(z, attrs);
}

/** φ′(y) given z = φ(y) */
function derivativeFromOutput(z: number, { activation, slope }: ActivationAttributes): number {
  switch (activation) {
    case 'identity':
      return 1;
    case 'relu':
      return z <= 0 ? 0 : 1;
    case 'leaky_relu':
      return z > 0 ? 1 : slope;
    case 'elu':
      return z > 0 ? 1 : Math.max(z + slope, 0);
  }
}

/**
 * The smallest float32 above −1. Where elu saturates, z/α rounds to −1 or, in bfloat16, below it. Clamping
 * keeps the inverse at a finite y ≈ −16.6, so that no 0·∞ appears in the sums of the backward pass.
 */
const ELU_FLOOR = -1 + 2 ** -24;

/** y = φ⁻¹(z). For relu only where z > 0: elsewhere the input is lost. */
export function invertActivation(z: number, { activation, slope }: ActivationAttributes): number {
  switch (activation) {
    case 'identity':
    case 'relu':
      return z;
    case 'leaky_relu':
      return z < 0 ? z / slope : z;
    case 'elu':
      return z < 0 ? Math.log1p(Math.max(z / slope, ELU_FLOOR)) : z;
  }
}
