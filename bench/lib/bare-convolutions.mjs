// @ts-check
// Times the convolutions of a training step one by one: as the program computes them, and as bare oneDNN
// primitives, a lower bound for any step built on those.
import { bytesPerElement, costOf, elements, valueInfo } from '@inplace-abn/core';
import { shortestRun } from '@inplace-abn/train';

/** @typedef {import('@inplace-abn/core').Device} Device */
/** @typedef {import('@inplace-abn/core').KernelSpec} KernelSpec */
/** @typedef {import('@inplace-abn/core').TensorType} TensorType */
/** @typedef {{ spec: KernelSpec, count: number, flops: number }} Convolution  count and cost per step */

/**
 * The distinct convolutions of a plan.
 * @param {import('@inplace-abn/core').Plan} plan
 * @returns {Convolution[]}
 */
export function convolutionsOf({ graph, instructions }) {
  /** @type {Map<string, Convolution>} */
  const found = new Map();
  for (const { node } of instructions) {
    if (!node.op.name.startsWith('conv2d')) continue;
    const type = (/** @type {number} */ id) => {
      const { shape, dtype } = valueInfo(graph, id);
      return { shape, dtype };
    };
    const inputs = node.inputs.map((id) => (id === null ? null : type(id)));
    const spec = { op: node.op.name, attrs: node.attrs, inputs, outputs: node.outputs.map(type) };
    const key = JSON.stringify(spec);
    found.set(key, { spec, count: (found.get(key)?.count ?? 0) + 1, flops: costOf(graph, node).flops });
  }
  return [...found.values()];
}

/**
 * Total time of a plan's convolutions as bare primitives. Covers only convolutions that oneDNN computes
 * (those without groups).
 * @param {Device} device
 * @param {import('@inplace-abn/core').Plan} plan
 * @returns {Promise<number>} seconds
 */
export async function bareConvolutions(device, plan) {
  let sum = 0;
  for (const { spec, count } of convolutionsOf(plan)) sum += count * (await bareSeconds(device, spec));
  return sum;
}

/**
 * The fastest of several runs of oneDNN's primitive on random numbers.
 * @param {Device} device
 * @param {KernelSpec} spec
 */
export function bareSeconds(device, spec) {
  return shortestRun(device, spec, { kernel: oneDnnKernel(device, spec), fill });
}

/**
 * The same for the kernel that the program chooses, and its name.
 * @param {Device} device
 * @param {KernelSpec} spec
 */
export async function chosenSeconds(device, spec) {
  const kernel = device.prepare(spec);
  return { seconds: await shortestRun(device, spec, { kernel, fill }), name: kernel.implementation };
}

/** Random-looking bytes of an operand. @param {TensorType} type */
export function fill({ shape, dtype }) {
  return numbers(elements(shape), dtype);
}

/**
 * A repeating sequence of scattered numbers.
 * @param {number} count
 * @param {import('@inplace-abn/core').DType} dtype
 */
function numbers(count, dtype) {
  const pattern = Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i * i));
  const upper = Uint16Array.from(new Uint32Array(pattern.buffer), (bits) => bits >>> 16);
  const bytes = new Uint8Array((dtype === 'bfloat16' ? upper : pattern).buffer);
  const all = new Uint8Array(count * bytesPerElement(dtype));
  all.set(bytes.subarray(0, all.length));
  for (let done = bytes.length; done < all.length; done *= 2) all.copyWithin(done, 0, done);
  return all;
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

/** Op, shapes and stride. @param {KernelSpec} spec */
export function describeConvolution({ op, attrs, inputs, outputs }) {
  const shapes = [...inputs, ...outputs].map((type) => type?.shape.join('×')).filter(Boolean);
  return `${op} ${shapes.join(' ')}, stride ${String(attrs.stride).split(',')[0]}`;
}
