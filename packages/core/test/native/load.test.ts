import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';

/** The loader as a process that has loaded nothing yet sees it. */
async function freshLoader() {
  vi.resetModules();
  return (await import('../../src/native/load.js')).loadNative;
}

const platform = `${process.platform}-${process.arch}`;

afterEach(() => {
  vi.unstubAllEnvs();
  vi.doUnmock('node:fs');
});

describe('loadNative', () => {
  it('loads the addon once', async () => {
    const loadNative = await freshLoader();
    expect(loadNative()).toBe(loadNative());
    expect(loadNative().onednnVersion()).toMatch(/^\d+\.\d+\.\d+$/);
  });

  it('says where IABN_ADDON pointed and what to do', async () => {
    vi.stubEnv('IABN_ADDON', '/nowhere/inplace_abn.node');
    const loadNative = await freshLoader();
    expect(loadNative).toThrow(
      `the native addon could not be loaded on ${platform}; tried\n` +
        "  /nowhere/inplace_abn.node: Cannot find module '/nowhere/inplace_abn.node'\n",
    );
    expect(loadNative).toThrow('Build it with `npm run setup`');
  });

  it('says why a file is no addon', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'iabn-'));
    const file = join(folder, 'inplace_abn.node');
    try {
      await writeFile(file, 'not a library');
      vi.stubEnv('IABN_ADDON', file);
      const loadNative = await freshLoader();
      expect(loadNative).toThrow(
        new RegExp(`\\n  ${file}: .*(file too short|invalid ELF header|not a mach-o|not a valid)`),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('lists every place that it tried', async () => {
    // A local build that seems to be there and is not.
    vi.doMock('node:fs', async (original) => ({ ...(await original<object>()), existsSync: () => true }));
    const loadNative = await freshLoader();
    expect(loadNative).toThrow(
      new RegExp(
        `tried\\n {2}.*/native/build/Release/inplace_abn\\.node: .*\\n {2}@inplace-abn/native-${platform}: .*\\n`,
      ),
    );
  });
});
