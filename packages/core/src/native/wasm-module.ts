/** The addon compiled to WebAssembly (native/wasm): its exports, and the imports that JavaScript provides. */

/** Shared with the threads that compute. */
interface Memory {
  readonly buffer: ArrayBuffer;
}

/** Addresses and handles are unsigned, but arrive as signed numbers: `>>> 0`. */
export interface WasmExports {
  _initialize(): void;
  wasm_allocate(bytes: number): number;
  wasm_free(address: number): void;
  wasm_error(): number;
  wasm_error_code(): number;
  wasm_set_variable(name: number, value: number): void;
  wasm_machine(): number;
  wasm_instruction_set(): number;
  wasm_set_threads(threads: number, processors: number): void;
  wasm_new_stack(): number;
  wasm_joined(): number;
  memory_new(bytes: number): number;
  memory_data(handle: number): number;
  memory_discard(handle: number): void;
  memory_delete(handle: number): void;
  kernel_new(text: number, bytes: number): number;
  kernel_description(handle: number): number;
  kernel_description_bytes(handle: number): number;
  kernel_delete(handle: number): void;
  program_new(text: number, bytes: number): number;
  program_run(handle: number, begin: number, end: number, timed: number): number;
  program_timings(handle: number): number;
  program_timed(handle: number): number;
  program_delete(handle: number): void;
}

// TypeScript declares these types in its DOM library, which this package does not include.
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    Module: {
      new (bytes: Uint8Array): object;
      imports(module: object): { readonly module: string; readonly name: string }[];
    };
    Instance: new (module: object, imports: object) => { readonly exports: unknown };
    Memory: new (pages: { initial: number; maximum: number; shared: boolean }) => Memory;
    compile(bytes: Uint8Array): Promise<object>;
  };
};

/** A compiled file. */
export type WasmCode = object;

/** Compiles synchronously, as Node and workers may. */
export const compileWasm = (bytes: Uint8Array): WasmCode => new WebAssembly.Module(bytes);

/** Compiles in the background, as a browser's main thread must. */
export const compileWasmLater = (bytes: Uint8Array): Promise<WasmCode> => WebAssembly.compile(bytes);

const OUT_OF_MEMORY = 'OUT_OF_MEMORY';

/** An error as the native addon throws it where the system refuses memory. */
export const outOfMemory = (message: string): Error =>
  Object.assign(new Error(message), { code: OUT_OF_MEMORY });

const WASI = 'wasi_snapshot_preview1';
/** WASI's error for a file that is not open. */
const NOT_OPEN = 8;

const PAGE_BYTES = 2 ** 16;
/** Initial pages, as in native/wasm/CMakeLists.txt, and the most that 32-bit addresses allow. */
const [FIRST_PAGES, MOST_PAGES] = [256, 65536];

/** Memory, and the bytes that it can grow to. */
interface Reserved {
  readonly memory: Memory;
  readonly bytes: number;
}

/** Some systems refuse to reserve addresses for so much memory: halves the maximum until one is granted. */
function reserve(maximum = MOST_PAGES): Reserved {
  try {
    const memory = new WebAssembly.Memory({ initial: FIRST_PAGES, maximum, shared: true });
    return { memory, bytes: maximum * PAGE_BYTES };
  } catch (error) {
    if (maximum === FIRST_PAGES) throw error;
    return reserve(maximum / 2);
  }
}

/** A native object, released once its JavaScript owner is garbage-collected; the handle may change before. */
export interface Held {
  handle: number;
  readonly release: (handle: number) => void;
}

/** An instance of the addon: passes text in and out, and releases native objects. */
export class WasmModule {
  readonly exports: WasmExports;
  readonly memory: Memory;
  /** Bytes that memory can grow to: 4 GB, or as much as the system reserved. */
  readonly addresses: number;
  private readonly variables = new Map<string, string>();
  private readonly owners = new FinalizationRegistry<Held>(({ handle, release }) => release(handle));

  constructor(readonly code: WasmCode) {
    const { memory, bytes } = reserve();
    this.memory = memory;
    this.addresses = bytes;
    const instance = new WebAssembly.Instance(code, this.imports(code));
    this.exports = instance.exports as WasmExports;
    this.exports._initialize();
  }

  /** A view of `length` bytes, valid until they are freed. */
  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address >>> 0, length);
  }

  /** The text at an address, up to a NUL. */
  text(address: number): string {
    const memory = new Uint8Array(this.memory.buffer);
    const begin = address >>> 0;
    return decoded(memory.subarray(begin, memory.indexOf(0, begin)));
  }

  /** The fields, each ended by a NUL, in the `length` bytes at an address. */
  fields(address: number, length: number): string[] {
    return decoded(this.bytes(address, length)).split('\0').slice(0, -1);
  }

  /**
   * Calls `use` with the address and length of a copy of the fields that is freed afterwards.
   *
   * @throws Error, code OUT_OF_MEMORY, if there is no memory for the copy
   */
  send<T>(fields: readonly (string | number)[], use: (address: number, bytes: number) => T): T {
    const text = new TextEncoder().encode(fields.map((field) => `${field}\0`).join(''));
    const address = this.exports.wasm_allocate(text.length);
    if (address === 0) {
      throw outOfMemory(
        `WebAssembly has too little memory for ${text.length} bytes: use smaller batches or images, or a memory budget`,
      );
    }
    try {
      this.bytes(address, text.length).set(text);
      return use(address, text.length);
    } finally {
      this.exports.wasm_free(address);
    }
  }

  /**
   * Returns `handle`.
   *
   * @throws Error with the addon's message if it is 0; its code is OUT_OF_MEMORY if memory was refused
   */
  made(handle: number): number {
    if (handle !== 0) return handle >>> 0;
    const message = this.text(this.exports.wasm_error());
    throw this.text(this.exports.wasm_error_code()) === OUT_OF_MEMORY
      ? outOfMemory(message)
      : new Error(message);
  }

  /** Releases `held` once `owner` is garbage-collected. */
  own(owner: object, held: Held): void {
    this.owners.register(owner, held);
  }

  /** Sets an environment variable; undefined removes it. */
  setVariable(name: string, value = ''): void {
    if ((this.variables.get(name) ?? '') === value) return;
    this.send([name, value], (address) => this.exports.wasm_set_variable(address, address + name.length + 1));
    this.variables.set(name, value);
  }

  /**
   * The part of WASI that the C++ library calls: a clock, an empty environment, and exit. Libraries of some
   * Emscripten versions also import functions for files, which all answer that the file is not open.
   */
  private imports(code: WasmCode): object {
    const asked = WebAssembly.Module.imports(code).filter(({ module }) => module === WASI);
    const view = () => new DataView(this.memory.buffer);
    const wasi = {
      ...Object.fromEntries(asked.map(({ name }) => [name, () => NOT_OPEN])),
      clock_time_get: (_clock: number, _precision: bigint, result: number) => {
        view().setBigUint64(result >>> 0, BigInt(Math.round(performance.now() * 1e6)), true);
        return 0;
      },
      environ_sizes_get: (count: number, bytes: number) => {
        view().setUint32(count >>> 0, 0, true);
        view().setUint32(bytes >>> 0, 0, true);
        return 0;
      },
      environ_get: () => 0,
      proc_exit: (code: number) => {
        throw new Error(`the addon in WebAssembly ended with status ${code}`);
      },
    };
    return { [WASI]: wasi, env: { memory: this.memory, emscripten_notify_memory_growth: () => {} } };
  }
}

// TextDecoder rejects views of shared memory, so it gets a copy.
const decoded = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.slice());
