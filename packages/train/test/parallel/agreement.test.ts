import { trace } from '@inplace-abn/core';
import { describe, expect, it } from 'vitest';
import { type AgreedData, checkSameStep } from '../../src/parallel/agreement.js';
import { peersInProcess } from '../support/peers.js';

const graph = trace((tracer) => ({ y: tracer.input('x', [1], 'float32') }));
const DATA: AgreedData = { trainImages: 60, trainDigest: 'aa', valImages: 15, valDigest: 'bb' };

describe('before the first step', () => {
  const messages = async (other: Partial<AgreedData>) => {
    const checks = peersInProcess(3).map((peers) =>
      checkSameStep(peers, graph, peers.rank === 2 ? { ...DATA, ...other } : DATA),
    );
    const settled = await Promise.allSettled(checks);
    return settled.map((result) => (result.status === 'rejected' ? String(result.reason.message) : 'agreed'));
  };

  it('accepts processes with the same images', async () => {
    expect(await messages({})).toEqual(Array(3).fill('agreed'));
  });

  it.each([
    [{ trainImages: 61, trainDigest: 'cc' }, 'the training images differ: rank 2 has 61, rank 0 has 60'],
    [{ trainDigest: 'cc' }, 'the names of the training images differ: rank 2 has cc, rank 0 has aa'],
    [{ valDigest: 'cc' }, 'the names of the validation images differ: rank 2 has cc, rank 0 has bb'],
  ])('reports the difference of %j on every process', async (other, message) => {
    for (const found of await messages(other)) expect(found).toContain(message);
  });
});
