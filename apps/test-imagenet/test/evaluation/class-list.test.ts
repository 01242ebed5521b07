import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../../packages/train/test/support/images.js';
import { matchClasses } from '../../src/evaluation/class-list.js';

const folders = ['ant', 'bee'];
const root = 'data/val';

describe('classes without a file', () => {
  it('match the outputs one to one', async () => {
    expect(await matchClasses({ folders, root, outputs: 2 })).toEqual({ outputs: [0, 1], names: folders });
  });

  it('match the outputs in the order that the checkpoint records for these folders', async () => {
    const recorded = (...names: string[]) => names.map((name) => ({ folder: name, name }));
    const found = await matchClasses({ folders, root, outputs: 2, recorded: recorded('bee', 'ant') });
    expect(found).toEqual({ outputs: [1, 0], names: ['bee', 'ant'] });
    const others = await matchClasses({ folders, root, outputs: 2, recorded: recorded('bee', 'cow') });
    expect(others).toEqual({ outputs: [0, 1], names: folders });
  });

  it.each([
    [5, 'data/val has 2 class folders but the network has 5 outputs (network.classes): name all classes'],
    [
      1,
      'data/val has 2 class folders but the network has 1 outputs (network.classes): test on a folder of the 1',
    ],
  ])('are rejected for %i outputs', async (outputs, message) => {
    await expect(matchClasses({ folders, root, outputs })).rejects.toThrow(message);
  });
});

describe('classes from a file', () => {
  async function match(text: string, outputs = 5) {
    const file = join(await temporaryFolder(), 'classes.txt');
    await writeFile(file, text);
    return { file, result: matchClasses({ folders, root, outputs, file }) };
  }

  it('are looked up, with the names to show', async () => {
    const { result } = await match('fly\nbee\tHoney bee\r\nwasp\nant\n\n');
    expect(await result).toEqual({
      outputs: [3, 1],
      names: ['fly', 'Honey bee', 'wasp', 'ant', 'output 4'],
    });
  });

  it.each([
    ['ant\nfly', 5, /has no line for bee of data\/val/],
    ['ant\nbee\nfly', 2, /names 3 classes but the network has 2 outputs/],
    ['ant\nbee\nant', 5, /classes\.txt:3: ant is already on line 1/],
    ['ant\n\nbee', 5, /classes\.txt:2: expected the name of a class folder/],
  ])('are rejected: %j for %i outputs', async (text, outputs, message) => {
    await expect((await match(text, outputs)).result).rejects.toThrow(message);
  });

  it('report a missing file', async () => {
    const options = { folders, root, outputs: 2, file: join(await temporaryFolder(), 'none.txt') };
    await expect(matchClasses(options)).rejects.toThrow('none.txt: there is no such file');
  });
});
