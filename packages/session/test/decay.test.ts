/** The parameters that weight decay applies to. */
import { sgd } from '@inplace-abn/optim';
import { expect, it } from 'vitest';
import type { Session, SessionOptions } from '../src/index.js';
import { batchOf, session } from './support/stripes.js';

const { x, y } = batchOf(6);

/** The weights after a step of plain gradient descent. */
async function after(weightDecay: number, options: Partial<SessionOptions> = {}): Promise<Session['state']> {
  const own = session({ optimizer: sgd({ learningRate: 0.5, weightDecay }), ...options });
  await own.train(x, y);
  return own.state;
}

it('decayNormAndBias: false exempts scales, shifts and biases, those of in-place layers too', async () => {
  const [plain, decayed] = [await after(0), await after(0.1)];
  const some = await after(0.1, { decayNormAndBias: false });
  const own = await after(0.1, {
    decayNormAndBias: false,
    groups: [{ parameters: ['fc'], weightDecay: 0.1 }],
  });
  for (const name of ['bn.weight', 'fc.bias']) {
    expect([name, decayed.get(name)]).not.toEqual([name, plain.get(name)]);
  }
  for (const name of ['bn.weight', 'bn.bias', 'fc.bias']) {
    expect([name, some.get(name)]).toEqual([name, plain.get(name)]);
  }
  for (const name of ['conv.weight', 'fc.weight']) {
    expect([name, some.get(name)]).toEqual([name, decayed.get(name)]);
  }
  expect(own.get('fc.bias')).toEqual(decayed.get('fc.bias'));
});
