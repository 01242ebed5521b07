/** Weights in several files, and under a key other than state_dict. */
import { stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  inspectCheckpoint,
  openStateDict,
  readContent,
  readDescription,
  readStateDict,
  writeSafetensors,
  writeTorch,
} from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

const vector = (...values: number[]) =>
  ({ dtype: 'float32', shape: [values.length], data: Float32Array.from(values) }) as const;

describe('an index of safetensors files', () => {
  async function sharded(places: Record<string, unknown> = {}): Promise<string> {
    const folder = await temporaryFolder();
    await writeSafetensors(join(folder, 'a.safetensors'), new Map([['model.x', vector(1, 2)]]));
    await writeSafetensors(
      join(folder, 'b.safetensors'),
      new Map([
        ['model.y', vector(3)],
        ['model.z', vector(4)],
      ]),
    );
    const weight_map = { 'model.z': 'b.safetensors', 'model.x': 'a.safetensors', ...places };
    const path = join(folder, 'model.safetensors.index.json');
    await writeFile(path, JSON.stringify({ metadata: { total_size: 12 }, weight_map }));
    return path;
  }

  it('is inspected with the files that it lists', async () => {
    const path = await sharded();
    const { bytes, tensors, elements, prefixes, rest, format } = await inspectCheckpoint(path);
    const sizes = ['a.safetensors', 'b.safetensors', 'model.safetensors.index.json'].map(
      async (name) => (await stat(join(dirname(path), name))).size,
    );
    expect(bytes).toBe((await Promise.all(sizes)).reduce((a, b) => a + b, 0));
    expect({ format, elements, prefixes, rest }).toEqual({
      format: 'safetensors',
      elements: 3,
      prefixes: ['model.'],
      rest: { files: 'b.safetensors, a.safetensors' },
    });
    expect(tensors.map(({ name }) => name)).toEqual(['z', 'x']);
    await expect(inspectCheckpoint(await sharded({ 'model.w': 'c.safetensors' }))).rejects.toThrow(
      /c\.safetensors/,
    );
  });

  it('has no description', async () => {
    expect(await readDescription(await sharded())).toEqual({});
  });

  it('provides the listed tensors in its order, under plain names', async () => {
    const path = await sharded();
    const { tensors, prefixes, format } = await openStateDict(path);
    expect([format, prefixes, [...tensors.keys()]]).toEqual(['safetensors', ['model.'], ['z', 'x']]);
    const x = tensors.get('x');
    expect(x && (await readContent('x', x))).toEqual(vector(1, 2));
    expect((await readStateDict(path)).tensors).toEqual(
      new Map([
        ['z', vector(4)],
        ['x', vector(1, 2)],
      ]),
    );
  });

  it.each([
    [{ 'model.q': 'a.safetensors' }, /lists "model\.q" in a\.safetensors, which has no such tensor\.$/],
    [{ 'model.q': 'c.safetensors' }, /c\.safetensors/],
    [
      { 'model.q': '../a.safetensors' },
      /"model\.q" is not in a file next to the index but in "\.\.\/a\.safetensors"\.$/,
    ],
    [{ 'model.q': 3 }, /is not in a file next to the index but in 3\.$/],
  ])('is refused with %o', async (places, reason) => {
    await expect(openStateDict(await sharded(places))).rejects.toThrow(reason);
  });

  it('is refused if its list is missing or invalid', async () => {
    const path = join(await temporaryFolder(), 'x.index.json');
    await expect(openStateDict(path)).rejects.toThrow(/cannot be read/);
    for (const text of ['{}', '[1', 'null']) {
      await writeFile(path, text);
      await expect(openStateDict(path)).rejects.toThrow(
        `${path} is not an index of safetensors files: it has no "weight_map"`,
      );
    }
  });
});

describe('a key', () => {
  const [average, inner] = [new Map([['module.w', vector(2)]]), new Map([['w', vector(3)]])];

  async function saved(): Promise<string> {
    const path = join(await temporaryFolder(), 'run.pth');
    const models = new Map([['teacher', inner]]);
    const value = new Map<string, unknown>([
      ['state_dict', new Map([['w', vector(1)]])],
      ['state_dict_ema', average],
      ['models', models],
      ['epoch', 4],
    ]);
    await writeTorch(path, value as Parameters<typeof writeTorch>[1]);
    return path;
  }

  it.each([
    [undefined, 1],
    ['state_dict_ema', 2],
    ['models.teacher', 3],
  ])('%s finds its dictionary', async (key, expected) => {
    const { tensors, rest } = await readStateDict(await saved(), { key });
    expect(tensors).toEqual(new Map([['w', vector(expected)]]));
    expect(rest.get('epoch')).toBe(4);
  });

  it('that the file lacks is refused, naming the existing ones', async () => {
    await expect(openStateDict(await saved(), { key: 'ema' })).rejects.toThrow(
      /run\.pth has nothing under "ema": dictionaries are under state_dict, state_dict_ema, models\.$/,
    );
  });

  it('may be a prefix of the names in a safetensors file', async () => {
    const path = join(await temporaryFolder(), 'both.safetensors');
    await writeSafetensors(
      path,
      new Map([
        ['ema.w', vector(5)],
        ['w', vector(6)],
      ]),
    );
    expect((await readStateDict(path, { key: 'ema' })).tensors).toEqual(new Map([['w', vector(5)]]));
  });
});
