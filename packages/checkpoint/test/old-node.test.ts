import { expect, it, vi } from 'vitest';

// Like zlib in Node 18.
vi.mock('node:zlib', () => ({ crc32: undefined }));

it('is refused in one sentence on a Node without zlib.crc32', async () => {
  await expect(import('../src/zip/crc32.js')).rejects.toMatchObject({
    code: 'ERR_OLD_NODE',
    message: `@inplace-abn/checkpoint needs Node 20.15 or later, and this is ${process.versions.node}`,
  });
});
