// @ts-check
// The kernels of activated batch norm by themselves, for the benchmarks.
import { byteLength } from '@inplace-abn/core';

/** @typedef {import('@inplace-abn/core').KernelSpec} KernelSpec */
/** @typedef {import('@inplace-abn/core').TensorType} TensorType */
/** @typedef {{ memory: import('@inplace-abn/core').DeviceMemory, offset: number }} Location */

const LEAKY = { activation: 'leaky_relu', slope: 0.01 };
/** The invertible activations with their defaults. */
export const ACTIVATIONS = [LEAKY, { activation: 'elu', slope: 1 }, { activation: 'identity', slope: 0 }];

/**
 * The four kernels of a layer in training, in place: statistics and normalization forward, sums and gradient
 * backward. Each is run `repeats` times without a pause in between, as in a training step.
 * @param {import('@inplace-abn/core').Device} device
 * @param {TensorType} x
 * @param {{ activation: string, slope: number }} [phi]
 * @param {number} [repeats]
 */
export function makeAbnKernels(device, x, phi = LEAKY, repeats = 1) {
  const layer = { eps: 1e-5, scale: 'abs', ...phi };
  const samples = x.shape.reduce((product, size) => product * size, 1) / (x.shape[1] ?? 1);
  /** @type {TensorType} */
  const vector = { shape: [x.shape[1] ?? 0], dtype: 'float32' };
  const block = (/** @type {TensorType} */ type) => ({
    memory: device.allocate(byteLength(type)),
    offset: 0,
  });
  const [z, dz] = [block(x), block(x)];
  const [mean, variance, weight, bias] = [block(vector), block(vector), block(vector), block(vector)];
  const [sumDy, sumDyXhat] = [block(vector), block(vector)];
  const affine = [vector, vector];
  const saved = [z, mean, variance, weight, bias];
  const instruction = (
    /** @type {KernelSpec} */ spec,
    /** @type {Location[]} */ inputs,
    /** @type {Location[]} */ outputs,
  ) => {
    const kernel = device.prepare(spec);
    const workspace = { memory: device.allocate(kernel.workspaceBytes), offset: 0 };
    return { kernel, inputs, outputs, workspace };
  };
  const statistics = 'batch';
  const forward = [
    instruction({ op: 'abn_stats', attrs: {}, inputs: [x], outputs: affine }, [z], [mean, variance]),
    instruction(
      { op: 'abn_apply', attrs: { ...layer, statistics }, inputs: [x, ...affine, ...affine], outputs: [x] },
      saved,
      [z],
    ),
  ];
  const backward = [
    instruction(
      {
        op: 'abn_backward_reduce',
        attrs: { ...layer, from: 'z' },
        inputs: [x, x, ...affine, ...affine],
        outputs: affine,
      },
      [dz, ...saved],
      [sumDy, sumDyXhat],
    ),
    instruction(
      {
        op: 'abn_backward_apply',
        attrs: { ...layer, from: 'z', statistics, count: samples },
        inputs: [x, x, ...affine, ...affine, ...affine],
        outputs: [x],
      },
      [dz, ...saved, sumDy, sumDyXhat],
      [dz],
    ),
  ];
  const again = (/** @type {typeof forward} */ pass) => Array.from({ length: repeats }, () => pass).flat();
  const passes = {
    forward: device.load(again(forward)),
    backward: device.load(again(backward)),
  };
  const values = wave(x);
  weight.memory.write(0, bytesOf(new Float32Array(x.shape[1] ?? 0).fill(1)));
  return {
    /** Restores the values: a gradient that passes the same layer repeatedly would overflow. */
    reset() {
      z.memory.write(0, values);
      dz.memory.write(0, values);
    },
    /**
     * Times a pass in seconds.
     * @param {'forward' | 'backward'} direction
     */
    async seconds(direction) {
      const range = { begin: 0, end: 2 * repeats };
      const { timings } = await passes[direction].run([], [], range, true);
      return timings.reduce((sum, { begin, end }) => sum + end - begin, 0) / repeats;
    },
  };
}

/**
 * Values of both signs in the dtype of x.
 * @param {TensorType} x
 */
function wave(x) {
  const floats = Float32Array.from({ length: x.shape.reduce((a, b) => a * b, 1) }, (_, index) =>
    Math.sin(index * 0.7),
  );
  // Truncating a float32 to its upper half gives a bfloat16.
  return bytesOf(
    x.dtype === 'float32' ? floats : new Uint16Array(floats.buffer).filter((_, index) => index % 2 === 1),
  );
}

/** @param {Float32Array | Uint16Array} array */
function bytesOf(array) {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
