/** Positions in saved states, also in those of earlier versions. */
import type { RunMeta } from '@inplace-abn/checkpoint';
import { START } from '@inplace-abn/train';
import { expect, it } from 'vitest';
import { positionOf } from '../../src/run/state.js';

const META: RunMeta = {
  ...{ epoch: 3, step: 21, stepInEpoch: 0, bestTop1: 62.5, stepOfBest: 14, sinceBest: 1 },
  ...{ batchSize: 8, trainImages: 60, trainDigest: 'ab', seed: 1 },
  ...{ configHash: 'c', versions: {} },
};

const placeOf = (meta: RunMeta) => positionOf(meta, 'top1', 'state.safetensors').position;

it('says which result early stopping compares with', () => {
  const { resultToBeat, ...rest } = placeOf({ ...META, resultToBeat: 62.25 });
  expect(resultToBeat).toBe(62.25);
  expect(rest).toEqual({ epoch: 3, step: 21, stepInEpoch: 0, best: 62.5, stepOfBest: 14, sinceBest: 1 });
});

it('of an earlier version compares with the best result, if there is one', () => {
  expect(placeOf(META).resultToBeat).toBe(62.5);
  const begun = { ...META, epoch: 0, step: 5, stepInEpoch: 5, bestTop1: 0, stepOfBest: null };
  expect(placeOf(begun).resultToBeat).toBe(START.resultToBeat);
});
