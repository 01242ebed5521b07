import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { isServed, thisSystem } from '../../src/native/advice.js';

/** The loader in a fresh module state. */
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

  it('does not load Gloo until there is a process group', async () => {
    (await freshLoader())();
    expect(await readFile('/proc/self/maps', 'utf8')).toMatch(/inplace_abn\.node/);
    expect(await readFile('/proc/self/maps', 'utf8')).not.toMatch(/gloo/);
  });

  it('reports the path in IABN_ADDON and a fix', async () => {
    vi.stubEnv('IABN_ADDON', '/nowhere/inplace_abn.node');
    const loadNative = await freshLoader();
    expect(loadNative).toThrow(
      'IABN_ADDON names an addon that cannot be loaded: correct the path, or unset it\n' +
        "  /nowhere/inplace_abn.node: Cannot find module '/nowhere/inplace_abn.node'",
    );
    expect(loadNative).toThrow(expect.objectContaining({ code: 'ERR_NO_NATIVE_ADDON' }));
  });

  it('reports why a file is not an addon', async () => {
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

  it('reports a local build that cannot be loaded', async () => {
    vi.stubEnv('IABN_ADDON', undefined);
    // A local build that seems to exist but cannot be loaded.
    vi.doMock('node:fs', async (original) => ({
      ...(await original<object>()),
      existsSync: (file: string) => file.endsWith('.node'),
    }));
    const loadNative = await freshLoader();
    expect(loadNative).toThrow(
      new RegExp(
        `^the native addon cannot be loaded on ${platform}: its build is out of date or damaged; run \`npm run setup\`\\n` +
          ' {2}.*/native/build/Release/inplace_abn\\.node: ',
      ),
    );
  });

  const wasm = fileURLToPath(new URL('../../../../native/build-wasm/inplace_abn.wasm', import.meta.url));
  it.skipIf(!existsSync(wasm))(
    'falls back to WebAssembly if the system cannot have a native addon',
    async () => {
      vi.stubEnv('IABN_ADDON', undefined);
      vi.stubEnv('OMP_NUM_THREADS', '1');
      vi.doMock('node:fs', async (original) => ({
        ...(await original<object>()),
        existsSync: (file: string) => !file.endsWith('.node') && existsSync(file),
      }));
      const { platform: real } = process;
      const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
      onTestFinished(() => {
        Object.defineProperty(process, 'platform', { value: real });
        warn.mockRestore();
      });
      Object.defineProperty(process, 'platform', { value: 'freebsd' });
      const loadNative = await freshLoader();
      expect(loadNative().machine()).toBe('1 threads of WebAssembly, own kernels');
      expect(loadNative()).toBe(loadNative());
      expect(warn).toHaveBeenCalledExactlyOnceWith(
        `no native kernels for freebsd-${process.arch}: computing in WebAssembly, on one thread`,
        { code: 'IABN_WEBASSEMBLY' },
      );
      // On a system with native kernels, the error says how to get them.
      Object.defineProperty(process, 'platform', { value: real });
      if (!isServed(thisSystem())) return;
      expect(await freshLoader()).toThrow(expect.objectContaining({ code: 'ERR_NO_NATIVE_ADDON' }));
    },
  );

  it.skipIf(!existsSync(wasm))('computes on one thread in a page with Node, as of Electron', async () => {
    vi.stubEnv('IABN_ADDON', wasm);
    vi.stubEnv('OMP_NUM_THREADS', '4');
    vi.stubGlobal('crossOriginIsolated', false);
    vi.stubGlobal('document', {});
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    onTestFinished(() => {
      vi.unstubAllGlobals();
      warn.mockRestore();
    });
    const loadNative = await freshLoader();
    expect(loadNative().threads()).toBe(1);
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      "inplace-abn computes on one thread: a page's main thread may not wait for others: load the kernels in a worker",
    );
  });
});
