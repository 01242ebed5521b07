/**
 * Memory of the WebAssembly addon, if that is built (`npm run wasm`), and the system calls of its module.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { wasmAddon } from '../../src/native/wasm-addon.js';
import { compileWasm, WasmModule } from '../../src/native/wasm-module.js';
import { type Pages, WebAssembly } from '../support/web-assembly.js';

const FILE = fileURLToPath(new URL('../../../../native/build-wasm/inplace_abn.wasm', import.meta.url));
const ADDRESSES = 2 ** 32;
const BYTES = 1024;

describe.skipIf(!existsSync(FILE))('memory in WebAssembly', () => {
  function load() {
    const addon = wasmAddon(new WasmModule(compileWasm(readFileSync(FILE))), 1);
    return { addon, held: () => ADDRESSES - (addon.addressableBytes?.() ?? Number.NaN) };
  }

  it('is released when discarded, and held again when used', () => {
    const { addon, held } = load();
    expect(held()).toBe(0);
    const memory = new addon.Memory(BYTES);
    expect(held()).toBe(BYTES);
    memory.write(0, Uint8Array.of(1));
    memory.discard();
    memory.discard();
    expect(held()).toBe(0);
    expect([...memory.read(0, 1)]).toEqual([0]);
    memory.write(0, Uint8Array.of(1));
    expect(held()).toBe(BYTES);
  });

  it('is held again when a program runs on it', async () => {
    const { addon, held } = load();
    const memory = new addon.Memory(BYTES);
    const images = { shape: [1, 16, 1, 1], dtype: 'float32' } as const;
    const attrs = { activation: 'identity' };
    const kernel = new addon.Kernel({ op: 'add', attrs, inputs: [images, images], outputs: [images] });
    const [one, other, sum] = [0, 64, 128].map((offset) => ({ memory, offset }));
    if (!one || !other || !sum) return expect.fail();
    const program = new addon.Program([{ kernel, inputs: [one, other], outputs: [sum], workspace: null }]);
    memory.discard();
    expect(held()).toBe(0);
    const { values } = await program.run([], [{ ...sum, length: 4 }], 0, 1, false);
    expect(values).toEqual([new Uint8Array(4)]);
    expect(held()).toBe(BYTES);
  });
});

describe.skipIf(!existsSync(FILE))('a lack of memory in WebAssembly', () => {
  const { Memory } = WebAssembly;
  afterEach(() => {
    WebAssembly.Memory = Memory;
  });
  const lack = expect.objectContaining({
    code: 'OUT_OF_MEMORY',
    message: expect.stringContaining('WebAssembly, which has at most 4 GB, cannot allocate 33554432 bytes'),
  });

  /** A discarded block whose memory another one has taken; the addon has memory for one of them. */
  function taken() {
    WebAssembly.Memory = class extends Memory {
      constructor(pages: Pages) {
        if (pages.maximum > 1024) throw new RangeError('WebAssembly.Memory(): could not allocate memory');
        super(pages);
      }
    };
    const addon = wasmAddon(new WasmModule(compileWasm(readFileSync(FILE))), 1);
    const memory = new addon.Memory(2 ** 25);
    memory.discard();
    return { addon, memory, other: new addon.Memory(2 ** 25) };
  }

  it('has its code where a discarded block is used again', () => {
    const { memory, other } = taken();
    expect(() => memory.read(0, 1)).toThrow(lack);
    other.discard();
    expect([...memory.read(0, 1)]).toEqual([0]);
  });

  it('has its code where a program uses a discarded block', () => {
    const { addon, memory } = taken();
    const outputs = [{ dtype: 'float32', shape: [16] }] as const;
    const kernel = new addon.Kernel({ op: 'constant', attrs: { value: 1 }, inputs: [], outputs });
    const instruction = { kernel, inputs: [], outputs: [{ memory, offset: 0 }], workspace: null };
    expect(() => new addon.Program([instruction])).toThrow(lack);
  });

  it('is told from other failures', () => {
    const { addon, memory } = taken();
    expect(() => memory.read(0, 1)).toThrow(lack);
    const unknown = () => new addon.Kernel({ op: 'nothing', attrs: {}, inputs: [], outputs: [] });
    expect(unknown).toThrow(expect.not.objectContaining({ code: 'OUT_OF_MEMORY' }));
  });
});

const text = (of: string): number[] => [of.length, ...Buffer.from(of)];
const section = (id: number, ...content: number[]): number[] => [id, content.length, ...content];
const body = (...code: number[]): number[] => [code.length + 2, 0, ...code, 0x0b];
const [I32, FUNCTION] = [0x7f, 0x60];

/**
 * A module that writes to standard output on start, traps unless the write fails with error 8, and never
 * allocates memory.
 */
const WRITING = Uint8Array.of(
  ...[0, ...Buffer.from('asm'), 1, 0, 0, 0],
  ...section(1, 3, FUNCTION, 4, I32, I32, I32, I32, 1, I32, FUNCTION, 0, 0, FUNCTION, 1, I32, 1, I32),
  ...section(2, 1, ...text('wasi_snapshot_preview1'), ...text('fd_write'), 0, 0),
  ...section(3, 2, 1, 2),
  ...section(7, 2, ...text('_initialize'), 0, 1, ...text('wasm_allocate'), 0, 2),
  ...section(
    10,
    2,
    // fd_write(1, 0, 0, 0) ≠ 8: unreachable.
    ...body(0x41, 1, 0x41, 0, 0x41, 0, 0x41, 0, 0x10, 0, 0x41, 8, 0x47, 0x04, 0x40, 0, 0x0b),
    ...body(0x41, 0),
  ),
);

describe('a WebAssembly module', () => {
  it('cannot write to files', () => {
    expect(() => new WasmModule(compileWasm(WRITING))).not.toThrow();
  });

  it('reports that it has no memory for a string', () => {
    const module = new WasmModule(compileWasm(WRITING));
    expect(() => module.send(['text'], () => expect.fail())).toThrow(
      expect.objectContaining({
        code: 'OUT_OF_MEMORY',
        message: expect.stringContaining('WebAssembly has too little memory for 5 bytes'),
      }),
    );
  });
});
