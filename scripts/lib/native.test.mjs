// @ts-check
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { newFolder } from '../../tools/vitest/new-folder.js';

const checkout = await newFolder('wasm-stamp');
const said = vi.fn();
const wasm = join(checkout, 'native', 'build-wasm', 'inplace_abn.wasm');

/** Another checkout, and Emscripten as a program that always succeeds. */
vi.doMock('./paths.mjs', () => ({
  root: checkout,
  inRoot: (/** @type {string[]} */ ...parts) => join(checkout, ...parts),
}));
vi.doMock('./steps.mjs', async (original) => ({
  .../** @type {object} */ (await original()),
  say: said,
  step: (/** @type {string} */ _, /** @type {() => Promise<void>} */ work) => work(),
  runLogged: async () => build(),
}));
vi.doMock('node:child_process', async (original) => ({
  .../** @type {object} */ (await original()),
  spawnSync: () => ({}),
}));
const { buildWasm, dropStaleWasm } = await import('./native.mjs');

const write = (/** @type {string} */ text) => writeFileSync(join(checkout, 'native', 'addon.cc'), text);

function build() {
  mkdirSync(join(wasm, '..'), { recursive: true });
  writeFileSync(wasm, 'code');
}

it('an addon in WebAssembly is kept as long as its sources are the same', async () => {
  mkdirSync(join(checkout, 'native'));
  write('int one;');
  dropStaleWasm();
  await buildWasm();
  dropStaleWasm();
  expect(existsSync(wasm)).toBe(true);
  expect(said).not.toHaveBeenCalled();

  write('int two;');
  dropStaleWasm();
  expect(existsSync(wasm)).toBe(false);
  expect(said).toHaveBeenCalledExactlyOnceWith(
    '! removed native/build-wasm/inplace_abn.wasm, which was built from other sources: to rebuild it, run `npm run wasm`',
  );
  await buildWasm();
  dropStaleWasm();
  expect(existsSync(wasm)).toBe(true);
});

it('an addon in WebAssembly of unknown sources is removed', () => {
  build();
  writeFileSync(join(checkout, 'native', 'build-wasm', '.stamp'), '');
  dropStaleWasm();
  expect(existsSync(wasm)).toBe(false);
});
