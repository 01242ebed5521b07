// @ts-check
// The convolutions of a training step as bare oneDNN primitives, each alone on the machine: what no step on these kernels
// falls below.
import { bytesPerElement, elements, valueInfo } from '@inplace-abn/core';
import { shortestRun } from '@inplace-abn/train';

/** @typedef {import('@inplace-abn/core').Device} Device */
/** @typedef {import('@inplace-abn/core').KernelSpec} KernelSpec */

/**
 * The sum over all convolutions of a plan: the shortest of some runs of each, on random numbers. Only for convolutions
 * that oneDNN computes (those without groups).
 * @param {Device} device
 * @param {import('@inplace-abn/core').Plan} plan
 * @returns {Promise<number>} seconds
 */
export async function bareConvolutions(device, plan) {
  /** @type {Map<string, { spec: KernelSpec, count: number }>} */
  const specs = new Map();
  for (const { node } of plan.instructions) {
    if (!node.op.startsWith('conv2d')) continue;
    const type = (/** @type {number} */ id) => {
      const { shape, dtype } = valueInfo(plan.graph, id);
      return { shape, dtype };
    };
    const inputs = node.inputs.map((id) => (id === null ? null : type(id)));
    const spec = { op: node.op, attrs: node.attrs, inputs, outputs: node.outputs.map(type) };
    const key = JSON.stringify(spec);
    specs.set(key, { spec, count: (specs.get(key)?.count ?? 0) + 1 });
  }
  let sum = 0;
  const fill = (/** @type {import('@inplace-abn/core').TensorType} */ type) =>
    numbers(elements(type.shape), type.dtype);
  for (const { spec, count } of specs.values()) {
    sum += count * (await shortestRun(device, spec, { kernel: oneDnnKernel(device, spec), fill }));
  }
  return sum;
}

/**
 * The same numbers over and over, in no order to speak of.
 * @param {number} count
 * @param {import('@inplace-abn/core').DType} dtype
 */
function numbers(count, dtype) {
  const pattern = Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i * i));
  const upper = Uint16Array.from(new Uint32Array(pattern.buffer), (bits) => bits >>> 16);
  const bytes = new Uint8Array((dtype === 'bfloat16' ? upper : pattern).buffer);
  return new Uint8Array(count * bytesPerElement(dtype)).map((_, i) => bytes[i % bytes.length] ?? 0);
}

/**
 * The first candidate is oneDNN's convolution in the dtype of the images.
 * @param {Device} device
 * @param {KernelSpec} spec
 */
function oneDnnKernel(device, spec) {
  process.env.IABN_KERNEL_CHOICE = 'first';
  try {
    return device.prepare(spec);
  } finally {
    delete process.env.IABN_KERNEL_CHOICE;
  }
}
