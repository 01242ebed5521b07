import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crossEntropy, Session } from 'inplace-abn';
import { sgd } from 'inplace-abn/optim';
import { batchOf, CLASSES, SIZE } from './data.js';
import { Network } from './network.js';

test('the network learns a batch', async () => {
  const session = new Session(new Network(CLASSES), {
    input: { shape: [1, SIZE, SIZE] },
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  });
  const { x, y } = batchOf(16, 0);
  const first = await session.train(x, y);
  for (let step = 0; step < 30; step++) await session.train(x, y);
  assert.ok((await session.train(x, y)).loss < first.loss / 2);
});
