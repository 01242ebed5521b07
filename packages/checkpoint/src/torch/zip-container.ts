// The zip container (PyTorch ≥ 1.6): NAME/data.pkl, NAME/data/KEY per storage, NAME/version, NAME/byteorder.

import { bytesPerElement } from '@inplace-abn/tensor';
import { CheckpointError } from '../errors.js';
import { type ByteSource, readInto } from '../files/source.js';
import { PickleEnd } from '../pickle/cursor.js';
import { finish } from '../pickle/finish.js';
import type { PickleLimits } from '../pickle/limits.js';
import { unpickle } from '../pickle/machine.js';
import { crc32Of } from '../zip/crc32.js';
import { contentOf, readZipDirectory, type ZipEntry } from '../zip/directory.js';
import type { StoragePlace, TorchContainer } from './container.js';
import { StorageTable } from './storage-id.js';

const MAX_BYTEORDER = 64;

export async function openZipContainer(source: ByteSource, limits: PickleLimits): Promise<TorchContainer> {
  const fail = (reason: string): never => {
    throw new CheckpointError(`${source.path} cannot be read: ${reason}.`);
  };
  const directory = await readZipDirectory(source);
  const pickles = [...directory.values()].filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  const [pickle] = pickles;
  if (!pickle || pickles.length > 1) {
    return fail('it is a zip file but not a PyTorch checkpoint, which has one data.pkl');
  }
  const folder = pickle.name.slice(0, -'data.pkl'.length);
  if (directory.has(`${folder}constants.pkl`)) {
    return fail('it is a TorchScript archive, which is code; save its state_dict() with torch.save instead');
  }
  const byteorder = directory.get(`${folder}byteorder`);
  if (byteorder) await checkByteorder(source, byteorder, fail);
  if (pickle.size > limits.bytes)
    return fail(`its pickle has ${pickle.size} bytes, more than ${limits.bytes}`);

  const table = new StorageTable();
  const bytes = await readEntry(source, pickle);
  const { path } = source;
  const { value } = run(() =>
    unpickle(bytes, 0, { path, limits, persistent: (id, failed) => table.resolve(id, 5, failed) }),
  );
  const tree = finish(value, limits, fail);
  const storages = new Map<string, StoragePlace>();
  for (const { key, dtype, total } of table.byKey.values()) {
    const entry = directory.get(`${folder}data/${key}`);
    if (!entry) return fail(`storage "${key}" is not in it`);
    const wanted = total * bytesPerElement(dtype);
    if (entry.size !== wanted) {
      return fail(`storage "${key}" has ${entry.size} bytes, expected ${wanted}`);
    }
    const position = await contentOf(source, entry);
    storages.set(key, { position, bytes: entry.size, crc32: crcOf(entry) });
  }
  return { format: 'torch-zip', value: tree, storages };

  function run<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof PickleEnd) fail('its pickle is truncated');
      throw error;
    }
  }
}

/** PyTorch can leave checksums out (set_crc32_options); the field is then 0. */
function crcOf(entry: ZipEntry): number | undefined {
  return entry.crc32 === 0 ? undefined : entry.crc32;
}

async function readEntry(source: ByteSource, entry: ZipEntry): Promise<Buffer> {
  const bytes = Buffer.alloc(entry.size);
  await readInto(source, bytes, await contentOf(source, entry), entry.name);
  const expected = crcOf(entry);
  if (expected !== undefined && (await crc32Of(bytes)) !== expected) {
    throw new CheckpointError(`${source.path} is damaged: "${entry.name}" does not match its checksum.`);
  }
  return bytes;
}

async function checkByteorder(
  source: ByteSource,
  entry: ZipEntry,
  fail: (reason: string) => never,
): Promise<void> {
  const text = entry.size <= MAX_BYTEORDER ? (await readEntry(source, entry)).toString('latin1') : '';
  if (text === 'big') fail('it was written on a big-endian machine; save it again on a little-endian one');
  if (text !== 'little') fail('its byte order is neither little nor big');
}
