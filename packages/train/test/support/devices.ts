import { cpu, type Device } from '@inplace-abn/core';

/** The CPU, as if autotuning had chosen the kernel of this name wherever it applies. */
export function timedAs(name: string): Device {
  return withChoice((choice) => choice ?? name);
}

/** The CPU without the kernel of this name. */
export function lacking(name: string): Device {
  return withChoice((choice) => (choice === name ? `no ${name}` : choice));
}

function withChoice(change: (choice: string | undefined) => string | undefined): Device {
  const device = cpu();
  const prepare: Device['prepare'] = (spec) => device.prepare({ ...spec, choice: change(spec.choice) });
  return Object.create(device, { prepare: { value: prepare } });
}
