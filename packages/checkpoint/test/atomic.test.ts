import { mkdir, open, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { linkFileAtomic, removeStaleTemporaries, writeFileAtomic } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';

const root = await temporaryFolder();

async function folder(name: string): Promise<string> {
  const path = join(root, name);
  await mkdir(path);
  return path;
}

/** Chunks of a file whose writer dies after `count` bytes. */
async function* failingAfter(count: number): AsyncGenerator<Uint8Array> {
  for (let written = 0; written < count; written++) yield Uint8Array.of(written);
  throw new Error('power cut');
}

describe('writeFileAtomic', () => {
  it('writes text, bytes and pieces', async () => {
    const path = join(await folder('forms'), 'file');
    await writeFileAtomic(path, 'naïve');
    expect(await readFile(path, 'utf8')).toBe('naïve');
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    expect([...(await readFile(path))]).toEqual([1, 2, 3]);
    await writeFileAtomic(path, [Uint8Array.of(4), new Uint8Array(0), Uint8Array.of(5, 6)]);
    expect([...(await readFile(path))]).toEqual([4, 5, 6]);
  });

  it('writes pieces larger than one write call', async () => {
    const path = join(await folder('large'), 'file');
    const bytes = Buffer.alloc(17 * 2 ** 20, 'a pattern of 23 letters');
    await writeFileAtomic(path, [bytes]);
    expect(Buffer.compare(await readFile(path), bytes)).toBe(0);
  });

  it.each([0, 1, 100])(
    'leaves the old file and nothing else if the writer fails after %i bytes',
    async (count) => {
      const here = await folder(`failing-${count}`);
      const path = join(here, 'file');
      await writeFile(path, 'old');
      await expect(writeFileAtomic(path, failingAfter(count))).rejects.toThrow(
        `Cannot write ${path}: power cut.`,
      );
      expect(await readFile(path, 'utf8')).toBe('old');
      expect(await readdir(here)).toEqual(['file']);
    },
  );

  it('leaves nothing behind if writing a new file fails', async () => {
    const here = await folder('failing-new');
    await expect(writeFileAtomic(join(here, 'file'), failingAfter(10))).rejects.toThrow('power cut');
    expect(await readdir(here)).toEqual([]);
  });

  it('shows the old content until the last byte is written', async () => {
    const path = join(await folder('midway'), 'file');
    await writeFile(path, 'old');
    const seen: string[] = [];
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('new');
      seen.push(await readFile(path, 'utf8'));
    }
    await writeFileAtomic(path, pieces());
    expect([...seen, await readFile(path, 'utf8')]).toEqual(['old', 'new']);
  });

  it('keeps concurrent writes to one path intact', async () => {
    const here = await folder('concurrent');
    const path = join(here, 'file');
    const texts = Array.from({ length: 8 }, (_, index) => String(index).repeat(100_000));
    await Promise.all(texts.map((text) => writeFileAtomic(path, text)));
    expect(texts).toContain(await readFile(path, 'utf8'));
    expect(await readdir(here)).toEqual(['file']);
  });

  it('replaces the target of a symbolic link, not the link', async () => {
    const here = await folder('symlink');
    await writeFile(join(here, 'target'), 'old');
    await symlink(join(here, 'target'), join(here, 'link'));
    await writeFileAtomic(join(here, 'link'), 'new');
    expect(await readFile(join(here, 'target'), 'utf8')).toBe('new');
    expect(await readdir(here)).toEqual(['link', 'target']);
  });

  it('writes to a device and leaves it one', async () => {
    await writeFileAtomic('/dev/null', 'x');
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true);
    await expect(writeFileAtomic('/dev/full', [Buffer.from('x')])).rejects.toThrow(
      /^Cannot write \/dev\/full: ENOSPC/,
    );
  });

  it('appends to an open file by its descriptor', async () => {
    const path = join(await folder('descriptor'), 'file');
    await writeFile(path, 'before ');
    const file = await open(path, 'a');
    await writeFileAtomic(`/dev/fd/${file.fd}`, 'within ');
    await file.write('after');
    await file.close();
    expect(await readFile(path, 'utf8')).toBe('before within after');
  });

  it('names a folder that does not exist', async () => {
    const path = join(root, 'nowhere', 'file');
    await expect(writeFileAtomic(path, 'x')).rejects.toThrow(
      `Cannot write ${path}: the folder ${join(root, 'nowhere')} does not exist.`,
    );
  });
});

describe('linkFileAtomic', () => {
  it('gives a path the content of another, repeatedly', async () => {
    const here = await folder('links');
    await writeFile(join(here, 'a'), 'a');
    await writeFile(join(here, 'best'), 'old');
    await linkFileAtomic(join(here, 'a'), join(here, 'best'));
    await linkFileAtomic(join(here, 'a'), join(here, 'best'));
    expect(await readFile(join(here, 'best'), 'utf8')).toBe('a');
    expect(await readdir(here)).toEqual(['a', 'best']);
    await writeFileAtomic(join(here, 'a'), 'later');
    expect(await readFile(join(here, 'best'), 'utf8')).toBe('a');
  });
});

describe('removeStaleTemporaries', () => {
  it('removes only those of selected files', async () => {
    const here = await folder('meant');
    for (const name of ['file', 'other']) await writeFile(join(here, `.${name}.0123456789abcdef.tmp`), 'x');
    const removed = await removeStaleTemporaries(here, 0, (name) => name === 'file');
    expect(removed).toEqual(['.file.0123456789abcdef.tmp']);
    expect(await readdir(here)).toEqual(['.other.0123456789abcdef.tmp']);
  });

  it('removes old temporaries only', async () => {
    const here = await folder('stale');
    const names = ['.file.0123456789abcdef.tmp', '.file.fedcba9876543210.tmp', 'file', '.mine.tmp'];
    for (const name of names) await writeFile(join(here, name), 'x');
    const longAgo = new Date(Date.now() - 10_000_000);
    for (const name of names.filter((name) => !name.includes('fedcba'))) {
      await utimes(join(here, name), longAgo, longAgo);
    }
    expect(await removeStaleTemporaries(here, 3_600_000)).toEqual(['.file.0123456789abcdef.tmp']);
    expect((await readdir(here)).sort()).toEqual(['.file.fedcba9876543210.tmp', '.mine.tmp', 'file']);
  });
});
