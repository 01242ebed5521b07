import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adviceFor, libcOf } from '../../src/native/advice.js';
import { prebuiltFile, prebuiltFolder, tamperedFiles } from '../../src/native/prebuilt.js';

describe('the advice for a system', () => {
  const absent = { installed: false, built: false, failure: '' };
  const there = { ...absent, installed: true };
  it.each([
    ['darwin-arm64', null, absent, 'native-darwin-arm64 is not installed, as after `npm install'],
    ['win32-x64', null, there, 'native-win32-x64 is damaged; run `npm ci`'],
    [
      'win32-arm64',
      null,
      absent,
      'no prebuilt kernels: run `npm install --include=optional` for those in WebAssembly (@inplace-abn/native-wasm), or build them',
    ],
    ['darwin-x64', null, absent, 'or build them in a checkout of the repository'],
    ['linux-arm64', '2.36', absent, 'native-linux-arm64 is not installed, as after `npm install'],
    ['linux-arm64', '2.31', absent, 'with glibc 2.31: the prebuilt kernels need 2.34 or later (Debian 12'],
    [
      'linux-x64',
      'musl',
      absent,
      'with musl: the prebuilt kernels need glibc 2.34 or later, which node:22-slim',
    ],
    ['linux-x64', 'musl', absent, 'lacks; run `npm install --include=optional` for those in WebAssembly'],
    ['linux-x64', '2.31', absent, 'with glibc 2.31: the prebuilt kernels need 2.34 or later (Debian 12'],
    [
      'linux-x64',
      '2.36',
      absent,
      'native-linux-x64 is not installed, as after `npm install --omit=optional`',
    ],
    ['linux-x64', '3.0', there, 'native-linux-x64 is damaged; run `npm ci`'],
    [
      'linux-x64',
      '2.34',
      { ...there, failure: "version `GLIBCXX_3.4.29' not found" },
      'libstdc++ of GCC 11 or later',
    ],
    ['darwin-arm64', null, { ...absent, built: true }, 'out of date or damaged; run `npm run setup`'],
  ])('%s, libc %s, %j', (platform, libc, found, sentence) => {
    const advice = adviceFor({ platform, libc }, found);
    expect(advice).toContain(sentence);
    expect(advice).toMatch(new RegExp(`^the native addon cannot be loaded on ${platform}`));
    expect(advice).not.toContain('\n');
  });
});

it('distinguishes glibc from musl by the report', () => {
  expect(libcOf({ header: { glibcVersionRuntime: '2.36' } })).toBe('2.36');
  expect(libcOf({ header: {} })).toBe('musl');
});

describe('the files of a package', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'iabn-'));
    const bytes = Buffer.from('library');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(folder, 'a.so'), bytes);
    writeFileSync(join(folder, 'files.json'), JSON.stringify({ 'a.so': { bytes: bytes.length, sha256 } }));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('match their packed hashes', () => {
    expect(prebuiltFile(folder, 'a.so')).toBe(join(folder, 'a.so'));
    expect(tamperedFiles(folder)).toEqual([]);
  });

  it('are rejected if one is truncated', () => {
    truncateSync(join(folder, 'a.so'), 3);
    expect(() => prebuiltFile(folder, 'a.so')).toThrow('a.so has 3 bytes instead of 7');
  });

  it('are reported if tampered with', () => {
    writeFileSync(join(folder, 'a.so'), 'Library');
    expect(tamperedFiles(folder)).toEqual(['a.so']);
  });

  it('are absent in a checkout', () => {
    const resolve = () => join(folder, 'package.json');
    expect(prebuiltFolder('@inplace-abn/native-linux-x64', resolve)).toBe(folder);
    rmSync(join(folder, 'files.json'));
    expect(prebuiltFolder('@inplace-abn/native-linux-x64', resolve)).toBeNull();
    expect(
      prebuiltFolder('gone', () => {
        throw new Error();
      }),
    ).toBeNull();
  });
});
