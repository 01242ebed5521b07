/**
 * Reads fixtures made by tools/oracle. Only for trusted files: the validating reader is in the checkpoint
 * package.
 */

import { readFileSync } from 'node:fs';

export interface FixtureTensor {
  shape: number[];
  data: Float64Array | Float32Array | Int32Array | BigInt64Array | Uint8Array;
}

interface HeaderEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** All tensors of a safetensors file, and its metadata. */
export function readSafetensors(url: URL): {
  tensors: Map<string, FixtureTensor>;
  metadata: Record<string, string>;
} {
  const file = readFileSync(url);
  const headerEnd = 8 + Number(file.readBigUInt64LE(0));
  const { __metadata__: metadata = {}, ...entries } = JSON.parse(
    file.toString('utf8', 8, headerEnd),
  ) as Record<string, HeaderEntry> & { __metadata__?: Record<string, string> };
  const tensors = new Map<string, FixtureTensor>();
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(entries)) {
    // Copy these bytes, so that the view is aligned at any offset.
    const raw = new Uint8Array(file.subarray(headerEnd + data_offsets[0], headerEnd + data_offsets[1]))
      .buffer;
    tensors.set(name, { shape, data: view(dtype, raw, name) });
  }
  return { tensors, metadata };
}

function view(dtype: string, raw: ArrayBuffer, name: string): FixtureTensor['data'] {
  switch (dtype) {
    case 'F64':
      return new Float64Array(raw);
    case 'F32':
      return new Float32Array(raw);
    case 'I64':
      return new BigInt64Array(raw);
    case 'I32':
      return new Int32Array(raw);
    case 'U8':
      return new Uint8Array(raw);
    default:
      throw new Error(`fixture tensor ${name}: unexpected dtype ${dtype}`);
  }
}

/** A fixture's JSON, assumed to have type T. */
export function readJson<T>(url: URL): T {
  return JSON.parse(readFileSync(url, 'utf8')) as T;
}
