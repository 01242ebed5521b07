/** Before the first step: all processes compute with the same kernels. */
import { KernelChoices, type KernelNames, type UnmetChoice } from '@inplace-abn/core';
import type { Peers } from './peers.js';

export interface AgreedKernels<T> {
  /** The result of `plan` with the kernels that are agreed. */
  readonly planned: T;
  /** Those of all processes: where shares of a batch differ in size, so do their kernels. */
  readonly names: KernelNames;
  /** Kernels that cannot be had, by rank. */
  readonly unmet: readonly (readonly UnmetChoice[])[];
}

/**
 * Plans with the same kernels on every process: those of `asked`, else of the lowest rank that has timed them. A process
 * that had timed others plans again. All processes call it.
 */
export async function agreeOnKernels<T>(
  peers: Pick<Peers, 'rank' | 'gather'>,
  asked: KernelNames,
  plan: (choices: KernelChoices) => T,
): Promise<AgreedKernels<T>> {
  let agreed = asked;
  let choices = new KernelChoices(agreed);
  let planned = plan(choices);
  for (;;) {
    const all = await peers.gather({ made: choices.made, unmet: choices.unmet });
    const names: KernelNames = Object.assign({}, ...all.map(({ made }) => made).reverse());
    const again = all.map(({ made }) => differs(made, names, agreed));
    if (!again.includes(true)) return { planned, names, unmet: all.map(({ unmet }) => unmet) };
    agreed = names;
    if (!again[peers.rank]) continue;
    choices = new KernelChoices(agreed);
    planned = plan(choices);
  }
}

/** Whether a process has another kernel than all, for which it was not asked yet. */
function differs(made: KernelNames, names: KernelNames, asked: KernelNames): boolean {
  return Object.entries(made).some(([key, name]) => names[key] !== name && names[key] !== asked[key]);
}
