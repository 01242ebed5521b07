// @ts-check
// The import library of the addon for Windows, as CMake makes it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { newFolder } from '../vitest/new-folder.js';

const TOOLCHAIN = inRoot('native', 'windows.cmake');
const PROGRAMS = ['x86_64-w64-mingw32-g++-posix', 'x86_64-w64-mingw32-nm', 'cmake', 'ninja'];
const installed = PROGRAMS.every((program) => !spawnSync(program, ['--version']).error);

it.skipIf(!installed)('has the symbol by which platform/windows.cc finds it', async () => {
  const build = await newFolder('windows-imports');
  const options = [`-DCMAKE_TOOLCHAIN_FILE=${TOOLCHAIN}`, '-DIABN_CUDA=OFF'];
  const cmake = spawnSync('cmake', ['-G', 'Ninja', '-S', inRoot('native'), '-B', build, ...options], {
    encoding: 'utf8',
  });
  expect(cmake.status, cmake.stderr).toBe(0);
  const source = readFileSync(inRoot('native', 'platform', 'windows.cc'), 'utf8');
  const [symbol] = /__DELAY_IMPORT_DESCRIPTOR_\w+/.exec(source) ?? [];
  const nm = spawnSync('x86_64-w64-mingw32-nm', ['--defined-only', join(build, 'libnode.a')], {
    encoding: 'utf8',
  });
  expect(nm.stdout.match(/__DELAY_IMPORT_DESCRIPTOR_\w+/g)).toEqual([symbol]);
});
