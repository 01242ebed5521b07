/** The picture of a residual block shows the plan's decision for each value. */
import { createNetwork } from '@inplace-abn/models';
import { InPlaceABN, type NormAct } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { crossEntropy, Session } from '@inplace-abn/session';
import { expect, it } from 'vitest';
import { drawBlock, valuesOf } from '../block.mjs';

const normAct: NormAct = (channels, options) => new InPlaceABN(channels, options);

it('the picture names the choice, the bytes and the source of each value', () => {
  const session = new Session(createNetwork('resnet18', { normAct, classes: 10 }), {
    input: { shape: [3, 64, 64] },
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.1 }),
  });
  const values = valuesOf(session.plan({ train: 2 }).raw, 'mod2.block2');
  const bytes = 2 * 64 * 16 * 16 * 4;
  expect(values).toEqual([
    { op: 'conv1', choice: 'absorb', bytes, how: 'from bn1' },
    { op: 'bn1', choice: 'keep', bytes, how: 'in the arena' },
    { op: 'conv2', choice: 'absorb', bytes, how: 'from bn2' },
    { op: 'bn2', choice: 'invert', bytes, how: 'from the sum' },
    { op: 'the sum', choice: 'keep', bytes, how: 'in the arena' },
  ]);
  const svg = drawBlock(values, 'a note');
  expect(svg).toContain('>kept 0.3 MiB<');
  expect(svg).toContain('>inverted 0.4 MiB<');
  expect(svg.match(/class="op"/g)).toHaveLength(6);
});
