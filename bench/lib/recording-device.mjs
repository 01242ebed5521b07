// @ts-check
import { cpu } from '@inplace-abn/core';

/** @typedef {import('@inplace-abn/core').KernelSpec} KernelSpec */
/** @typedef {import('@inplace-abn/core').PreparedKernel} PreparedKernel */

/**
 * The CPU device, which also records the specification of each kernel that it prepares.
 * @param {Record<string, string>} [names]  kernels to use, by specification; chosen ones are added
 * @returns {{ device: import('@inplace-abn/core').Device, specs: Map<PreparedKernel, KernelSpec> }}
 */
export function recordingDevice(names = {}) {
  /** @type {Map<PreparedKernel, KernelSpec>} */
  const specs = new Map();
  const prepare = (/** @type {KernelSpec} */ spec) => {
    const key = JSON.stringify(spec);
    const choice = names[key];
    const kernel = cpu().prepare(choice === undefined ? spec : { ...spec, choice });
    if (kernel.choice) names[key] = kernel.choice.name;
    specs.set(kernel, spec);
    return kernel;
  };
  return { device: Object.create(cpu(), { prepare: { value: prepare } }), specs };
}
