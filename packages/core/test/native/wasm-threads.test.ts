/** Threads of the WebAssembly addon that cannot start or that fault, and their shared memory. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadWasm } from '../../src/native/load.js';
import { LinearMemory } from '../../src/native/wasm-memory.js';
import { compileWasm, WasmModule } from '../../src/native/wasm-module.js';
import { startThreads } from '../../src/native/wasm-threads.js';
import { type Pages, WebAssembly } from '../support/web-assembly.js';

const FILE = fileURLToPath(new URL('../../../../native/build-wasm/inplace_abn.wasm', import.meta.url));
const CHILD = fileURLToPath(new URL('./children/fault.mjs', import.meta.url));
const PAGE_BYTES = 2 ** 16;
const STACK = 2 ** 20;

describe('workers', () => {
  it.each([
    // A message cannot contain a function.
    ['are refused by the system', () => {}],
    ['fail before they compute', {}],
  ])('that %s are not used', async (_, code) => {
    const exports = { wasm_set_threads: vi.fn(), wasm_new_stack: vi.fn(() => STACK) };
    await startThreads({ code, memory: { buffer: new ArrayBuffer() }, exports }, 3);
    expect(exports.wasm_new_stack).toHaveBeenCalledTimes(2);
  });

  it.each([0, -1, 1.5, Number.NaN])('cannot be %d in number', async (threads) => {
    await expect(loadWasm(new Uint8Array(), { threads })).rejects.toThrow(
      expect.objectContaining({
        name: 'UsageError',
        code: 'ERR_OPTION_VALUE',
        message: `loadWasm: expected threads to be a positive integer but received ${threads}`,
      }),
    );
  });
});

describe.skipIf(!existsSync(FILE))('a fault in a worker', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [...process.execArgv, CHILD, FILE, ...args], { encoding: 'utf8' });

  it('ends the process, as a native fault does', () => {
    const { signal, stdout, stderr } = run();
    expect(stderr).toContain('RuntimeError: memory access out of bounds');
    expect(signal).toBe('SIGABRT');
    expect(stdout).toBe('');
  });

  it('fails this run and later ones if the process survives', () => {
    const { status, stdout, stderr } = run('ignoring');
    expect(stderr).toContain('RuntimeError: memory access out of bounds');
    expect(stdout).toBe('RuntimeError\nRuntimeError\n');
    expect(status).toBe(0);
  });
});

/** A module that contains only `_initialize`. */
const EMPTY = Uint8Array.of(
  ...[0, ...Buffer.from('asm'), 1, 0, 0, 0],
  ...[1, 4, 1, 0x60, 0, 0],
  ...[3, 2, 1, 0],
  ...[7, 15, 1, 11, ...Buffer.from('_initialize'), 0, 0],
  ...[10, 4, 1, 2, 0, 0x0b],
);

describe('memory', () => {
  const { Memory } = WebAssembly;
  afterEach(() => {
    WebAssembly.Memory = Memory;
  });

  it('has as many addresses as the system reserves', () => {
    const empty = () => new LinearMemory(new WasmModule(compileWasm(EMPTY)));
    expect(empty().addressable).toBe(2 ** 32);
    WebAssembly.Memory = class extends Memory {
      constructor(pages: Pages) {
        if (pages.maximum > 5000) throw new RangeError('WebAssembly.Memory(): could not allocate memory');
        super(pages);
      }
    };
    const linear = empty();
    expect(linear.addressable).toBe(4096 * PAGE_BYTES);
    expect(() => linear.allocate(2 ** 29)).toThrow('WebAssembly has 0.25 GB, fewer than 536870912 bytes');
  });
});
