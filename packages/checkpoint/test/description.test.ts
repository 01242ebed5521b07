/** The description of a model in every format; foreign values under the same names are ignored. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  describedAs,
  type ModelDescription,
  readDescription,
  torchOfJson,
  writeSafetensors,
  writeTorch,
} from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

const description: ModelDescription = {
  classes: ['tabby', 'très chat'],
  colors: [
    [255, 0, 7],
    [1, 2, 3],
  ],
  preprocessing: {
    scale: 256,
    crop: [192, 224],
    interpolation: 'bilinear',
    mean: [0.5, 0, 1],
    std: [0.25, 1, 2],
  },
  config: { task: 'classification', network: { arch: 'resnet18', classes: 2 } },
};
const weight = { dtype: 'float32', shape: [1], data: Float32Array.of(1) } as const;

describe('readDescription', () => {
  it('reads it from a file of torch.save', async () => {
    const path = join(await temporaryFolder(), 'a.pth');
    const keys = Object.entries(describedAs(description)).map(
      ([key, value]) => [key, torchOfJson(value)] as const,
    );
    await writeTorch(path, new Map([...keys, ['state_dict', new Map([['weight', weight]])]]));
    expect(await readDescription(path)).toEqual(description);
  });

  it('reads it from the metadata of plain safetensors', async () => {
    const path = join(await temporaryFolder(), 'a.safetensors');
    const texts = Object.entries(describedAs(description)).map(([key, value]) => [
      key,
      JSON.stringify(value),
    ]);
    await writeSafetensors(path, new Map([['weight', weight]]), { metadata: Object.fromEntries(texts) });
    expect(await readDescription(path)).toEqual(description);
  });

  it('finds none in foreign files', async () => {
    const folder = await temporaryFolder();
    const torch = join(folder, 'a.pth');
    const foreign = new Map<string, string | number | Map<string, number>>([
      ['classes', 1000],
      ['config', new Map([['lr', 0.1]])],
      ['preprocessing', 'resize'],
    ]);
    await writeTorch(
      torch,
      new Map<string, Parameters<typeof writeTorch>[1]>([
        ...foreign,
        ['state_dict', new Map([['weight', weight]])],
      ]),
    );
    expect(await readDescription(torch)).toEqual({});
    const safetensors = join(folder, 'a.safetensors');
    await writeSafetensors(safetensors, new Map([['weight', weight]]), {
      metadata: { classes: 'cat, dog', colors: '[[256, 0, 0]]', format: 'pt' },
    });
    expect(await readDescription(safetensors)).toEqual({});
  });
});
