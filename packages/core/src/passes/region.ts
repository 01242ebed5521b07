/** Regions of values: their own buffer, the memory of another value, or some channels of a wider one. */
import { byteLength, bytesPerElement, channels, type TensorType } from '@inplace-abn/tensor';
import type { ValueId } from '../ir/graph.js';

/** Where a value lies in its owner's buffer, in bytes. */
export interface Region {
  /** The value that owns the buffer. */
  readonly owner: ValueId;
  /** Bytes from the start of the buffer to the value's first element. */
  readonly offset: number;
  /** Bytes of one row: the channels of one pixel of one sample. */
  readonly width: number;
  /** Bytes from one row to the next; more than `width` for a strided view of a wider value. */
  readonly pitch: number;
}

/** The region of a value that has its own buffer. */
export function ownRegion(owner: ValueId, type: TensorType): Region {
  const width = rowBytes(type);
  return { owner, offset: 0, width, pitch: width };
}

/** The region in `whole` of a value of `type` whose channels start at `begin`. */
export function sliceRegion(whole: Region, begin: number, type: TensorType): Region {
  const offset = whole.offset + begin * bytesPerElement(type.dtype);
  return { ...whole, offset, width: rowBytes(type) };
}

/** The region in the flat vector `whole` of a value of `type` whose elements start at `begin`. */
export function flatRegion(whole: Region, begin: number, type: TensorType): Region {
  const offset = whole.offset + begin * bytesPerElement(type.dtype);
  return { ...ownRegion(whole.owner, type), offset };
}

function rowBytes(type: TensorType): number {
  if (type.shape.length < 2) return byteLength(type);
  return channels(type.shape) * bytesPerElement(type.dtype);
}

export function isPitched({ width, pitch }: Region): boolean {
  return width !== pitch;
}

/** True if the regions may share a byte. Conservative if their pitches differ. */
export function overlap(a: Region, b: Region): boolean {
  if (a.owner !== b.owner) return false;
  if (a.pitch !== b.pitch || !isPitched(a) || !isPitched(b)) return true;
  return a.offset < b.offset + b.width && b.offset < a.offset + a.width;
}

/** Bytes from the first element of a region with `rows` rows to the end of the last. */
export function spanBytes({ width, pitch }: Region, rows: number): number {
  return rows === 0 ? 0 : (rows - 1) * pitch + width;
}
