// @ts-check
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { cpu } from '@inplace-abn/core';

/** Describes the machine in one line, and tells whether something else is running. */
export function describeMachine() {
  const device = cpu();
  const libraries = Object.entries(device.libraries).map(([name, version]) => `${name} ${version}`);
  const cores = availableParallelism();
  const [load = 0] = loadavg();
  return {
    text: [
      `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cores} cores, ${device.threads} threads`,
      device.multipliesBFloat16 ? 'bfloat16 instructions' : 'no bfloat16 instructions',
      `Linux ${release()}`,
      `Node ${process.versions.node}`,
      ...libraries,
    ].join('; '),
    busy: load > 0.5 * cores ? `the machine is busy (load ${load.toFixed(1)}): the ratios may be off` : null,
  };
}
