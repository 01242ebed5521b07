import { link, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkWritable } from '../src/index.js';

let folder: string;
let input: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'writable-'));
  input = join(folder, 'input');
  await writeFile(input, 'x');
});
afterAll(() => rm(folder, { recursive: true }));

it('accepts new files, existing ones and devices', async () => {
  await checkWritable(join(folder, 'new'), input);
  await checkWritable(input);
  await checkWritable('/dev/null');
});

it('refuses a folder, and a file in a missing folder', async () => {
  await expect(checkWritable(folder)).rejects.toThrow(`cannot write ${folder}: it is a folder`);
  await expect(checkWritable(join(folder, 'none', 'file'))).rejects.toThrow('create it first');
});

it('refuses the input file under any path', async () => {
  const [hard, soft] = [join(folder, 'hard'), join(folder, 'soft')];
  await link(input, hard);
  await symlink(input, soft);
  for (const name of [input, hard, soft]) {
    await expect(checkWritable(name, input)).rejects.toThrow(
      `cannot write ${name}: it is the file that is read; name another`,
    );
  }
});
