/** Blocks of WebAssembly's linear memory. */
import type { NativeLocation, NativeMemory } from './addon.js';
import { outOfMemory, type WasmModule } from './wasm-module.js';

/** Allocates an instance's blocks and counts their bytes. */
export class LinearMemory {
  private live = 0;

  constructor(readonly wasm: WasmModule) {}

  get addressable(): number {
    return this.wasm.addresses - this.live;
  }

  allocate(bytes: number): number {
    const { addresses } = this.wasm;
    if (bytes >= addresses) {
      const has = `WebAssembly has ${addresses / 2 ** 30} GB`;
      throw outOfMemory(`${has}, fewer than ${bytes} bytes: use smaller batches or images`);
    }
    const handle = this.wasm.made(this.wasm.exports.memory_new(bytes));
    this.hold(bytes);
    return handle;
  }

  hold(bytes: number): void {
    this.live += bytes;
  }

  release(bytes: number): void {
    this.live -= bytes;
  }
}

/** A block, read and written through views of the linear memory, without further copies. */
export class WasmMemory implements NativeMemory {
  readonly handle: number;
  /** Number of discards. After each, the block may be at another address. */
  moves = 0;
  private readonly wasm: WasmModule;
  /** Whether its bytes count as live. A separate object, so that the finalizer need not hold the block. */
  private readonly use = { held: true };

  constructor(
    private readonly linear: LinearMemory,
    readonly bytes: number,
  ) {
    this.wasm = linear.wasm;
    this.handle = linear.allocate(bytes);
    const { use } = this;
    const { exports } = this.wasm;
    const release = (handle: number): void => {
      exports.memory_delete(handle);
      if (use.held) linear.release(bytes);
    };
    this.wasm.own(this, { handle: this.handle, release });
  }

  read(offset: number, length: number): Uint8Array {
    return this.view(offset, length).slice();
  }

  readInto(offset: number, target: Uint8Array): void {
    target.set(this.view(offset, target.byteLength));
  }

  write(offset: number, data: Uint8Array): void {
    this.view(offset, data.byteLength).set(data);
  }

  discard(): void {
    this.wasm.exports.memory_discard(this.handle);
    if (this.use.held) this.linear.release(this.bytes);
    this.use.held = false;
    this.moves++;
  }

  /** Call this when the block may have been allocated again after `discard`, which any use of it does. */
  renewed(): void {
    if (!this.use.held) this.linear.hold(this.bytes);
    this.use.held = true;
  }

  /** Valid until `discard`. */
  private view(offset: number, length: number): Uint8Array {
    if (!(offset >= 0 && length >= 0 && offset + length <= this.bytes)) {
      const range = `bytes ${offset} to ${offset + length}`;
      throw new RangeError(`${range} lie outside a block of ${this.bytes}`);
    }
    if (this.bytes === 0) return new Uint8Array();
    const address = this.wasm.made(this.wasm.exports.memory_data(this.handle));
    this.renewed();
    return this.wasm.bytes(address + offset, length);
  }
}

/** The block of a location. */
export function memoryAt({ memory }: NativeLocation): WasmMemory {
  if (memory instanceof WasmMemory) return memory;
  throw new TypeError('expected memory of the addon in WebAssembly');
}
