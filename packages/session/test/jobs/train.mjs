// @ts-check
// Trains a network on this rank's part of each batch.
import { Conv2d, GlobalAvgPool2d, InPlaceABNSync, Linear, Sequential } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { accuracy, crossEntropy, Session } from '@inplace-abn/session';

/**
 * @param {{ group: import('@inplace-abn/comm').ProcessGroup } | null} processes
 * @param
 * {{ batches: { x: Float32Array, y: Int32Array }[], side: number, seed: number, accumulate?: number, ignoreIndex?: number, bucketSize?: number }} argument
 */
export default async function job(
  processes,
  { batches, side, seed, accumulate = 1, ignoreIndex, bucketSize },
) {
  const loss = crossEntropy({ ignoreIndex });
  const session = new Session(
    new Sequential({
      conv: new Conv2d(1, 8, 3, { padding: 1, bias: false }),
      bn: new InPlaceABNSync(8),
      pool: new GlobalAvgPool2d(),
      fc: new Linear(8, 3),
    }),
    {
      input: { shape: [1, side, side] },
      loss,
      optimizer: sgd({ learningRate: 0.3, momentum: 0.9 }),
      metrics: { top1: accuracy(), mean: (output, target) => loss.compute(output, target) },
      clip: 0.5,
      seed,
      accumulate,
      bucketSize,
      group: processes?.group,
    },
  );
  const results = [];
  for (const { x, y } of batches) results.push(await session.train(x, y));
  return { results, state: session.state };
}
