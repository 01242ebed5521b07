// @ts-check
// Fits a network on this rank's batches, and stops as its argument says.
import { GlobalAvgPool2d, Linear, Sequential } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { crossEntropy, Session } from '@inplace-abn/session';

/**
 * @param {{ group: import('@inplace-abn/comm').ProcessGroup }} processes
 * @param
 * {{ batches: { x: Float32Array, y: Int32Array }[], side: number, aborted?: boolean, abortAt?: number, stopAt?: number, stopAfter?: number }} argument
 */
export default async function job({ group }, { batches, side, aborted, abortAt, stopAt, stopAfter }) {
  const session = new Session(new Sequential({ pool: new GlobalAvgPool2d(), fc: new Linear(1, 3) }), {
    input: { shape: [1, side, side] },
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.1 }),
    group,
  });
  const controller = new AbortController();
  if (aborted) controller.abort();
  /** @type {string[]} */
  const heard = [];
  await session.fit(batches, {
    epochs: 3,
    validation: batches.slice(0, 1),
    signal: controller.signal,
    callbacks: [
      {
        onStep({ step }, stop) {
          if (step === abortAt) controller.abort();
          if (step === stopAt) stop();
        },
        onEpoch({ epoch }, stop) {
          heard.push(`epoch ${epoch}`);
          if (epoch === stopAfter) stop();
        },
        onStop: ({ epoch, step }) => void heard.push(`stop ${epoch}, ${step}`),
        onEnd: ({ epoch, step }) => void heard.push(`end ${epoch}, ${step}`),
      },
    ],
  });
  return { heard, updates: session.updates };
}
