import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { PREBUILT } from '../../packages/core/src/native/prebuilt.js';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { Elf, newestVersion } from './elf.mjs';
import { statedVersions } from './native-package.mjs';

const ADDON = 'native/build/Release/inplace_abn.node';
/** A library that even an addon without oneDNN needs. */
const LIBRARY = 'libgomp.so.1';

let elf;
beforeAll(() => {
  elf = new Elf(readFileSync(inRoot(ADDON)));
});

describe('a shared library', () => {
  it('lists the libraries and versions that it needs', () => {
    expect(elf.needed()).toEqual(expect.arrayContaining([LIBRARY, 'libc.so.6']));
    expect(elf.needed()).not.toContainEqual(expect.stringMatching(/gloo|OpenCL/));
    expect(newestVersion([elf], 'GLIBC')).toMatch(/^2\.\d+$/);
    expect(newestVersion([elf], 'NOBODY')).toBeUndefined();
  });

  // It has version 3.4.30, and systems with glibc 2.34 may have 3.4.29: native/program/wait.h.
  it('does not need the wait of newer C++ libraries', () => {
    const asked = elf.symbols().filter(({ defined }) => !defined);
    expect(asked).not.toEqual([]);
    expect(asked.filter(({ name }) => name.startsWith('_ZNSt18condition_variable4wait'))).toEqual([]);
  });

  it('loads without a removed library, whose symbols become weak', () => {
    const lighter = new Elf(Buffer.from(elf.bytes));
    const ofLibrary = elf.symbols().filter(({ name, defined }) => !defined && /^(GOMP|omp)_/.test(name));
    expect(ofLibrary).not.toEqual([]);
    const names = new Set(ofLibrary.map(({ name }) => name));
    expect(lighter.leaveOut(new Map([[LIBRARY, names]])).sort()).toEqual([...names].sort());
    expect(lighter.needed()).toEqual(elf.needed().filter((name) => name !== LIBRARY));
    const after = lighter.symbols();
    expect(after.filter(({ name }) => names.has(name)).every(({ weak }) => weak)).toBe(true);
    const strong = (symbols) => symbols.filter(({ name, weak }) => !weak && !names.has(name)).length;
    expect(strong(after)).toBe(strong(elf.symbols()));
  });

  it('no longer requires versions of a removed library', () => {
    const lighter = new Elf(Buffer.from(elf.bytes));
    const files = elf.versionNeeds().map(({ file }) => file);
    lighter.leaveOut(new Map([['libm.so.6', new Set()]]));
    expect(lighter.versionNeeds().map(({ file }) => file)).toEqual(
      files.filter((file) => file !== 'libm.so.6'),
    );
    expect(newestVersion([lighter], 'GLIBCXX')).toBe(newestVersion([elf], 'GLIBCXX'));
  });

  it('is refused if it is not an ELF file', () => {
    expect(() => new Elf(Buffer.alloc(64))).toThrow('not a 64-bit little-endian ELF file');
  });
});

it('the package states the library versions that it requires', () => {
  for (const [platform, { glibc }] of Object.entries(PREBUILT)) {
    if (glibc === null) continue;
    const readme = readFileSync(inRoot(`packages/native-${platform}/README.md`), 'utf8');
    expect(statedVersions(readme)).toEqual([`GLIBC ${glibc}`, 'GLIBCXX 3.4.29']);
  }
});
