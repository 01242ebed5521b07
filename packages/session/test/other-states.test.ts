/** A saved training that a session with other options is asked to load. */
import { join } from 'node:path';
import { adam, sgd } from '@inplace-abn/optim';
import { beforeAll, describe, expect, it } from 'vitest';
import { newFolder } from '../../../tools/vitest/new-folder.js';
import type { Session, SessionOptions } from '../src/index.js';
import { batchOf, session } from './support/stripes.js';

const average = { decay: 0.9 };

async function saved(options: Partial<SessionOptions>): Promise<string> {
  const own = session(options);
  const { x, y } = batchOf(6);
  await own.train(x, y);
  const path = join(await newFolder('other-states'), 'training.safetensors');
  await own.saveState(path);
  return path;
}

/** The error's message behind the file's name; checks its code, and that nothing was loaded. */
async function refusal(own: Session, path: string): Promise<string> {
  const before = own.state;
  const error: unknown = await own.loadState(path).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'UsageError', code: 'ERR_OTHER_OPTIMIZER' });
  expect(own.state).toEqual(before);
  expect(own.updates).toBe(0);
  return error instanceof Error ? error.message.replace(path, 'FILE') : '';
}

describe('loadState names the option that differs', () => {
  let plain: string;
  let rich: string;
  beforeAll(async () => {
    plain = await saved({});
    rich = await saved({ freeze: ['bn'], average });
  });

  it('average', async () => {
    expect(await refusal(session({ average }), plain)).toBe(
      'FILE is of another training of this network: it has no averages of the weights, which this Session keeps. ' +
        'Create the Session with the average of that training, or load only the weights, with load',
    );
    expect(await refusal(session({ freeze: ['bn'] }), rich)).toContain(
      'it has averages of the weights, which this Session does not keep. Create the Session with the average of',
    );
  });

  it('freeze', async () => {
    expect(await refusal(session({ freeze: ['conv', 'fc'] }), plain)).toContain(
      'it trained conv.weight, fc.bias and 1 more, which this Session freezes. Create the Session with the freeze of',
    );
    expect(await refusal(session({ freeze: ['conv'], average }), rich)).toContain(
      'it did not train bn.weight, bn.bias, which this Session trains, and trained conv.weight, which this Session freezes.',
    );
  });

  it('optimizer, or several', async () => {
    expect(await refusal(session({ optimizer: adam({ learningRate: 0.01 }) }), rich)).toContain(
      'it keeps the optimizer states momentum_buffer, this Session exp_avg, exp_avg_sq; ' +
        'and it has averages of the weights, which this Session does not keep. ' +
        'Create the Session with the optimizer and average of that training',
    );
    expect(await refusal(session({ optimizer: sgd({ learningRate: 0.5 }) }), plain)).toContain(
      'it keeps the optimizer states momentum_buffer, this Session none.',
    );
  });

  it('and load takes the weights', async () => {
    const own = session();
    await own.load(rich);
    const like = session({ freeze: ['bn'], average });
    await like.loadState(rich);
    expect(own.state).toEqual(like.state);
  });
});
