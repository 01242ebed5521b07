/** Agrees on kernels before the first step, so that all processes compute with the same ones. */
import { KernelChoices, type KernelNames, type UnmetChoice } from '@inplace-abn/core';
import type { Peers } from './peers.js';

export interface AgreedKernels<T> {
  /** The result of `plan` with the agreed kernels. */
  readonly planned: T;
  /** Kernels of all processes. If shares of a batch differ in size, so may their kernels. */
  readonly names: KernelNames;
  /** Kernels that are not available, by rank. */
  readonly unmet: readonly (readonly UnmetChoice[])[];
}

/**
 * Plans with the same kernels on every process: those in `asked`, otherwise those of the lowest rank that has
 * autotuned them. A process with other choices plans again. A collective.
 *
 * @throws what `plan` throws, on the process where it does; CommError if a peer is lost
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

/** True if a process uses other kernels than the agreed ones and has not been asked for those yet. */
function differs(made: KernelNames, names: KernelNames, asked: KernelNames): boolean {
  return Object.entries(made).some(([key, name]) => names[key] !== name && names[key] !== asked[key]);
}
