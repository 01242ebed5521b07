/** Where values lie: each in a buffer of its own, over another value, or in some channels of a wider one. */
import { byteLength, bytesPerElement, channels, type TensorType } from '@inplace-abn/tensor';
import type { ValueId } from '../ir/graph.js';

export interface Region {
  /** The value whose buffer it is. */
  readonly owner: ValueId;
  /** Bytes from the beginning of the buffer to the value's first element. */
  readonly offset: number;
  /** Bytes of one row: the channels of one sample at one pixel. */
  readonly width: number;
  /** Bytes from one row to the next; more than `width` where the value is a slice of a wider one. */
  readonly pitch: number;
}

/** The region of a value with a buffer of its own. */
export function ownRegion(owner: ValueId, type: TensorType): Region {
  const width = rowBytes(type);
  return { owner, offset: 0, width, pitch: width };
}

/** The channels of `whole` from `begin` on that a value of `type` takes. */
export function sliceRegion(whole: Region, begin: number, type: TensorType): Region {
  const offset = whole.offset + begin * bytesPerElement(type.dtype);
  return { ...whole, offset, width: rowBytes(type) };
}

/** The elements of the flat `whole` from `begin` on that a value of `type` takes. */
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

/** Whether the regions may have a byte in common; where their rows do not match, they count as if they had. */
export function overlap(a: Region, b: Region): boolean {
  if (a.owner !== b.owner) return false;
  if (a.pitch !== b.pitch || !isPitched(a) || !isPitched(b)) return true;
  return a.offset < b.offset + b.width && b.offset < a.offset + a.width;
}

/** Bytes from the first element of a region of `rows` rows to the end of its last. */
export function spanBytes({ width, pitch }: Region, rows: number): number {
  return rows === 0 ? 0 : (rows - 1) * pitch + width;
}
