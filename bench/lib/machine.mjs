// @ts-check
import { availableParallelism, cpus, release } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { cpu } from '@inplace-abn/core';

/** Describes the machine in one line. */
export function describeMachine() {
  const device = cpu();
  const libraries = Object.entries(device.libraries).map(([name, version]) => `${name} ${version}`);
  const cores = availableParallelism();
  return [
    `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${cores} cores, ${device.threads} threads`,
    device.multipliesBFloat16 ? 'bfloat16 instructions' : 'no bfloat16 instructions',
    // Without the suffix that a vendor gives its own kernels.
    `Linux ${/^[\d.]*\d/.exec(release())?.[0] ?? release()}`,
    `Node ${process.versions.node}`,
    ...libraries,
  ].join('; ');
}

/** Idle share of all cores below which others disturb a measurement. */
const QUIET = 0.9;

/**
 * Tells whether others use this machine, from a second in which this process does nothing. The load average
 * would count the command before this one.
 */
export async function describeOthers() {
  const before = coreTimes();
  await setTimeout(1000);
  const after = coreTimes();
  const idle = (after.idle - before.idle) / (after.all - before.all);
  if (idle >= QUIET) return null;
  return `the machine is busy (${Math.round(100 * (1 - idle))} % used by others): the ratios may be off`;
}

function coreTimes() {
  const times = cpus().map((core) => core.times);
  const idle = times.reduce((sum, each) => sum + each.idle, 0);
  const used = times.reduce((sum, each) => sum + each.user + each.nice + each.sys + each.irq, 0);
  return { idle, all: idle + used };
}
