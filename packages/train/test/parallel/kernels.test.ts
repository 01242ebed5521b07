/** Processes whose autotuning chose different kernels agree on one per convolution. */
import type { Device, KernelChoices, KernelSpec } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { agreeOnKernels } from '../../src/parallel/kernels.js';
import { lacking, timedAs } from '../support/devices.js';
import { peersInProcess } from '../support/peers.js';

/** A convolution supported by several kernels. */
function convolution(images: number): KernelSpec {
  const type = (shape: readonly number[]) => ({ shape, dtype: 'float32' as const });
  return {
    op: 'conv2d',
    attrs: { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 },
    inputs: [type([images, 16, 4, 4]), type([16, 16, 3, 3]), null],
    outputs: [type([images, 16, 4, 4])],
  };
}

interface Process {
  readonly device: Device;
  readonly images: number;
}

/** Result of each process: the names of its kernels, and how often it planned. */
function agreed(processes: readonly Process[], asked = {}) {
  return Promise.all(
    peersInProcess(processes.length).map(async (peers, rank) => {
      const { device, images } = processes[rank] as Process;
      let plans = 0;
      const plan = (choices: KernelChoices) => {
        plans++;
        return choices.prepare(device, convolution(images)).choice?.name;
      };
      const { planned, names, unmet } = await agreeOnKernels(peers, asked, plan);
      return { planned, names: Object.values(names), unmet: unmet.map(({ length }) => length), plans };
    }),
  );
}

const [fast, slow] = [timedAs('winograd'), timedAs('onednn')];

describe('processes agree', () => {
  it('on the kernel of the first rank that has one; the others replan', async () => {
    const found = await agreed([
      { device: slow, images: 3 },
      { device: fast, images: 2 },
      { device: slow, images: 2 },
    ]);
    // The second and third have the same share of the batch; the first has a different one.
    expect(found.map(({ planned }) => planned)).toEqual(['onednn', 'winograd', 'winograd']);
    for (const { names } of found) expect([...names].sort()).toEqual(['onednn', 'winograd']);
    expect(found.map(({ plans }) => plans)).toEqual([1, 1, 2]);
  });

  it('on the kernels of the run so far', async () => {
    const processes = [
      { device: slow, images: 2 },
      { device: slow, images: 2 },
    ];
    const peers = peersInProcess(1)[0];
    if (!peers) throw new Error('expected a peer');
    const { names } = await agreeOnKernels(peers, {}, (choices) => choices.prepare(fast, convolution(2)));
    const found = await agreed(processes, names);
    expect(found.map(({ planned, plans }) => [planned, plans])).toEqual([
      ['winograd', 1],
      ['winograd', 1],
    ]);
  });

  it('except for kernels that one of them lacks, which all report', async () => {
    const found = await agreed([
      { device: fast, images: 2 },
      { device: lacking('winograd'), images: 2 },
    ]);
    expect(found.map(({ planned }) => planned)).toEqual(['winograd', 'onednn']);
    for (const { names, unmet } of found) {
      expect(names).toEqual(['winograd']);
      expect(unmet).toEqual([0, 1]);
    }
  });
});
