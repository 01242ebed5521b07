// The WebAssembly kernels (sources in packages/data/wasm) and their memory, one instance per thread.

import { WASM_BASE64 } from './module.js';
import type { Room } from './room.js';

/** The part of the JavaScript API used here; Node's types lack it. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    Module: new (bytes: Uint8Array) => object;
    Instance: new (module: object) => { readonly exports: unknown };
  };
};

/** Exports of wasm/index.ts. Addresses come from `Scratch`. */
interface Exports {
  readonly memory: Memory;
  heapStart(): number;
  decodeScan(
    from: number,
    to: number,
    components: number,
    componentCount: number,
    h: number,
    v: number,
    unitsPerRow: number,
    restartInterval: number,
    left: number,
    top: number,
    right: number,
    bottom: number,
  ): number;
  toRgb(
    dst: number,
    components: number,
    left: number,
    top: number,
    width: number,
    height: number,
    h: number,
    v: number,
    chromaRight: number,
    chromaBottom: number,
    rows: number,
  ): void;
  resampleRgbRows: ResampleRows;
  resampleGrayRows: ResampleRows;
  resampleColumns: ResampleRows;
  affineNearest: AffineMap;
  affineBilinear: AffineMap;
  lookUp(pixels: number, count: number, tables: number): void;
  countLevels(counts: number, pixels: number, count: number): void;
  sumGray(pixels: number, count: number): number;
  blendGray(pixels: number, count: number, factor: number): void;
  blendSmooth(dst: number, src: number, width: number, height: number, factor: number): void;
}

type AffineMap = (
  dst: number,
  src: number,
  width: number,
  height: number,
  a0: number,
  a1: number,
  a2: number,
  a3: number,
  a4: number,
  a5: number,
) => void;

type ResampleRows = (
  dst: number,
  src: number,
  pitch: number,
  rowsOrSamples: number,
  length: number,
  first: number,
  count: number,
  weights: number,
  stride: number,
) => void;

const PAGE = 65536;
/** Kernels read and write whole vectors, up to this many bytes past the end of their arguments. */
const SLACK = 64;

/** A bump allocator over the kernels' memory, freed as a whole. */
export class Scratch {
  private readonly base: number;
  private next: number;

  constructor(
    private readonly memory: Memory,
    base: number,
  ) {
    this.base = (base + 15) & ~15;
    this.next = this.base;
  }

  /** Frees everything. */
  reset(): void {
    this.next = this.base;
  }

  /** Allocates `bytes`, aligned to 16. The memory is not cleared. */
  take(bytes: number): number {
    const address = this.next;
    this.next = (address + bytes + SLACK + 15) & ~15;
    const missing = this.next - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / PAGE));
    return address;
  }

  /** Copies `content` into kernel memory and returns its address. */
  put(content: Uint8Array | Uint16Array | Int32Array): number {
    const address = this.take(content.byteLength);
    const bytes = new Uint8Array(content.buffer, content.byteOffset, content.byteLength);
    new Uint8Array(this.memory.buffer, address, content.byteLength).set(bytes);
    return address;
  }

  /** Copies `bytes` bytes out of kernel memory. */
  copy(address: number, bytes: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.memory.buffer, address, bytes).slice();
  }

  /** Like {@link copy}, but into the room set by {@link copyPixelsTo}, if any. */
  copyPixels(address: number, bytes: number): Uint8Array<ArrayBuffer> {
    if (!pixelRoom) return this.copy(address, bytes);
    const pixels = pixelRoom.take(bytes);
    pixels.set(new Uint8Array(this.memory.buffer, address, bytes));
    return pixels;
  }
}

export interface Kernels extends Exports {
  readonly scratch: Scratch;
}

let instance: Kernels | undefined;
let pixelRoom: Room | undefined;

/** Sets the room into which the kernels of this thread copy pixels; undefined: into new memory. */
export function copyPixelsTo(room: Room | undefined): void {
  pixelRoom = room;
}

/** The kernels of this thread. */
export function kernels(): Kernels {
  if (!instance) {
    const module = new WebAssembly.Module(Buffer.from(WASM_BASE64, 'base64'));
    const exports = new WebAssembly.Instance(module).exports as Exports;
    instance = { ...exports, scratch: new Scratch(exports.memory, exports.heapStart()) };
  }
  return instance;
}
