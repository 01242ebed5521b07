// The legacy stream (PyTorch < 1.6, and all published models): five pickles in sequence (magic number,
// protocol, system, object, storage keys), then for each key the number of elements (int64) and the elements.

import { bytesPerElement } from '@inplace-abn/tensor';
import { CheckpointError } from '../errors.js';
import { type ByteSource, readUpTo } from '../files/source.js';
import { PickleEnd } from '../pickle/cursor.js';
import { finish } from '../pickle/finish.js';
import type { PickleLimits } from '../pickle/limits.js';
import { type PickleHost, type Unpickled, unpickle } from '../pickle/machine.js';
import type { StoragePlace, TorchContainer } from './container.js';
import { StorageTable } from './storage-id.js';

/** The magic number 0x1950a86a20f9469cfc6c as the first pickle of a file: LONG1 and STOP. */
const MAGIC = Buffer.from('8a0a6cfc9c46f9206aa85019' + '2e', 'hex');
const [PROTO, FRAME] = [0x80, 0x95];
const FRAME_BYTES = 9;
/** Maximum bytes up to the end of the magic number. */
export const LEGACY_MAGIC_BYTES = 2 + FRAME_BYTES + MAGIC.byteLength;

const PROTOCOL = 1001;
const FIRST_READ = 2 ** 20;
/** Bytes of the element count before each storage. */
const COUNT_BYTES = 8;

/** End of the magic number's pickle, in protocols 2 to 5; undefined if the bytes do not begin with it. */
export function endOfLegacyMagic(start: Buffer): number | undefined {
  const [proto, protocol = 0] = start;
  if (proto !== PROTO || protocol < 2 || protocol > 5) return undefined;
  const at = start[2] === FRAME ? 2 + FRAME_BYTES : 2;
  const end = at + MAGIC.byteLength;
  return start.subarray(at, end).equals(MAGIC) ? end : undefined;
}

interface Head {
  readonly system: Unpickled;
  readonly object: Unpickled;
  readonly keys: Unpickled;
  readonly table: StorageTable;
}

export async function openLegacyContainer(source: ByteSource, limits: PickleLimits): Promise<TorchContainer> {
  const fail = (reason: string): never => {
    throw new CheckpointError(`${source.path} cannot be read: ${reason}.`);
  };
  const { system, object, keys, table } = await readHead(source, limits, fail);
  if (!(system.value instanceof Map)) return fail('it does not name the system that wrote it');
  if (system.value.get('little_endian') !== true) {
    return fail('it was written on a big-endian machine; save it again on a little-endian one');
  }
  const value = finish(object.value, limits, fail);
  const storages = await findStorages(source, keys, table, fail);
  return { format: 'torch-legacy', value, storages };
}

/** The end of a pickle is known only after running it, so the first read is a guess that grows. */
async function readHead(
  source: ByteSource,
  limits: PickleLimits,
  fail: (reason: string) => never,
): Promise<Head> {
  for (let length = FIRST_READ; ; length *= 8) {
    const wanted = Math.min(length, limits.bytes);
    const bytes = await readUpTo(source, wanted, 0);
    try {
      return runHead(source.path, bytes, limits, fail);
    } catch (error) {
      if (!(error instanceof PickleEnd)) throw error;
      if (source.size <= wanted) return fail('it is truncated');
      if (wanted === limits.bytes) return fail(`its pickle has more than ${limits.bytes} bytes`);
    }
  }
}

function runHead(path: string, bytes: Buffer, limits: PickleLimits, fail: (reason: string) => never): Head {
  const table = new StorageTable();
  const plain: PickleHost = {
    path,
    limits,
    persistent: (_, failed) => failed('its head refers to something outside'),
  };
  const begin = endOfLegacyMagic(bytes) ?? fail('it does not begin with the magic number');
  const protocol = unpickle(bytes, begin, plain);
  if (protocol.value !== PROTOCOL) fail(`its protocol is not ${PROTOCOL}`);
  const system = unpickle(bytes, protocol.end, plain);
  const persistent: PickleHost['persistent'] = (id, failed) => table.resolve(id, 6, failed);
  const object = unpickle(bytes, system.end, { ...plain, persistent });
  const keys = unpickle(bytes, object.end, plain);
  return { system, object, keys, table };
}

async function findStorages(
  source: ByteSource,
  keys: Unpickled,
  table: StorageTable,
  fail: (reason: string) => never,
): Promise<Map<string, StoragePlace>> {
  if (!Array.isArray(keys.value)) return fail('it has no list of storages');
  const storages = new Map<string, StoragePlace>();
  const seen = new Set<string>();
  let at = keys.end;
  for (const key of keys.value) {
    const storage = typeof key === 'string' ? sizeOf(key, table, fail) : undefined;
    if (!storage || typeof key !== 'string') {
      return fail('its list of storages names one that no tensor uses');
    }
    if (seen.has(key)) return fail(`its list of storages names "${key}" twice`);
    seen.add(key);
    const count = await readUpTo(source, COUNT_BYTES, at);
    if (count.byteLength < COUNT_BYTES) return fail('it is truncated');
    const { elements, bytes } = storage;
    if (elements !== undefined && count.readBigInt64LE(0) !== BigInt(elements)) {
      return fail(`storage "${key}" has ${count.readBigInt64LE(0)} elements, expected ${elements}`);
    }
    const position = at + COUNT_BYTES;
    if (!(position + bytes <= source.size)) {
      return fail(
        `it is truncated: storage "${key}" needs ${bytes} bytes, ${source.size - position} are left`,
      );
    }
    if (table.byKey.has(key)) storages.set(key, { position, bytes });
    at = position + bytes;
  }
  for (const key of table.byKey.keys()) if (!storages.has(key)) return fail(`storage "${key}" is not in it`);
  return storages;
}

/** Bytes of a storage; undefined if no tensor uses it. */
function sizeOf(
  key: string,
  table: StorageTable,
  fail: (reason: string) => never,
): { readonly elements?: number; readonly bytes: number } | undefined {
  const storage = table.byKey.get(key);
  if (storage) return { elements: storage.total, bytes: storage.total * bytesPerElement(storage.dtype) };
  const opaque = table.opaque.get(key);
  if (!opaque) return undefined;
  const { type, bytes } = opaque;
  return bytes === undefined
    ? fail(`storage "${key}" has type ${type}, whose size is unknown, so later storages cannot be located`)
    : { bytes };
}
