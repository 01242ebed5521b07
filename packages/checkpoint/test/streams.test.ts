/** Tensors that are never whole in host memory: the memory held while they are written and read. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type HostTensor,
  loadRunState,
  openResumedState,
  openRunState,
  openStateDict,
  PIECE_BYTES,
  type RunState,
  readContent,
  readSafetensors,
  readTorch,
  saveRunState,
  type TensorStream,
  type TorchValue,
  takeStateDict,
  writeSafetensors,
  writeTorch,
} from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';
import { comparable, float32 } from './tensors.js';

const root = await temporaryFolder();

/**
 * A tensor that yields its bytes through one buffer and overwrites it as soon as more is requested. Code that
 * keeps a chunk writes garbage.
 */
class Spoiling implements TensorStream<'float32'> {
  readonly dtype = 'float32';
  readonly shape: readonly number[];
  /** Number of reads. */
  reads = 0;

  constructor(
    private readonly values: readonly number[],
    private readonly pieceBytes = 8,
  ) {
    this.shape = [values.length];
  }

  *pieces(): Generator<Uint8Array> {
    this.reads++;
    const bytes = new Uint8Array(Float32Array.from(this.values).buffer);
    const buffer = new Uint8Array(this.pieceBytes);
    for (let at = 0; at < bytes.byteLength; at += this.pieceBytes) {
      const piece = buffer.subarray(0, Math.min(this.pieceBytes, bytes.byteLength - at));
      piece.set(bytes.subarray(at, at + piece.byteLength));
      yield piece;
      buffer.fill(0xee);
    }
  }
}

const numbers = (length: number) => Array.from({ length }, (_, i) => i + 0.5);
const data = (length: number): HostTensor => float32([length], numbers(length));

describe('writing streams', () => {
  it('holds one chunk at a time, in every format', async () => {
    const [w, b] = [new Spoiling(numbers(7)), new Spoiling(numbers(3))];
    const streams = new Map([
      ['w', w],
      ['b', b],
    ]);
    const expected = comparable(
      new Map([
        ['w', data(7)],
        ['b', data(3)],
      ]),
    );
    const safe = join(root, 'a.safetensors');
    await writeSafetensors(safe, streams, { checksum: true });
    expect(comparable((await readSafetensors(safe, { verify: true })).tensors)).toEqual(expected);
    const torch = join(root, 'a.pth');
    // The same stream twice is one storage.
    await writeTorch(torch, new Map([...streams, ['tied', w]]));
    const read = await readTorch(torch);
    if (!(read instanceof Map)) throw new Error('expected a dictionary');
    expect(read.get('tied')).toBe(read.get('w'));
    read.delete('tied');
    expect(comparable(read as Map<string, HostTensor>)).toEqual(expected);
    // Each file reads it once for the checksum and once for the content.
    expect([w.reads, b.reads]).toEqual([4, 4]);
  });

  it('writes the same file as tensors on the host', async () => {
    const state = (model: RunState<HostTensor | TensorStream>['model']) => {
      const meta = { epoch: 1, step: 2, seed: 3, configHash: 'c0ffee', versions: {} };
      return { meta, model, optimizer: new Map([['w', data(2)]]) };
    };
    const [streamed, whole] = [join(root, 'streamed.safetensors'), join(root, 'whole.safetensors')];
    await saveRunState(streamed, state(new Map([['w', new Spoiling(numbers(9))]])));
    await saveRunState(whole, state(new Map([['w', data(9)]])));
    const [a, b] = [await loadRunState(streamed), await loadRunState(whole)];
    expect(comparable(a.model)).toEqual(comparable(b.model));
    expect(a.meta).toEqual(b.meta);
  });

  it('rejects a stream of the wrong length', async () => {
    const short: TensorStream = { dtype: 'float32', shape: [3], pieces: () => [new Uint8Array(8)] };
    await expect(writeSafetensors(join(root, 'b.safetensors'), new Map([['w', short]]))).rejects.toThrow(
      'Tensor "w" has 12 bytes by its dtype and shape, but its stream has 8.',
    );
  });
});

describe('reading streams', () => {
  /** Counts the chunks of a stream, their largest size and the number of buffers. */
  async function measured(stream: TensorStream) {
    const buffers = new Set<ArrayBufferLike>();
    let [pieces, largest, bytes] = [0, 0, 0];
    for await (const piece of stream.pieces()) {
      buffers.add(piece.buffer);
      pieces++;
      largest = Math.max(largest, piece.byteLength);
      bytes += piece.byteLength;
    }
    return { pieces, largest, bytes, buffers: buffers.size };
  }

  const LARGE = (2.5 * PIECE_BYTES) / 4;

  it('uses one buffer of one chunk, in every format', async () => {
    const tensors = new Map([['w', { ...data(1), shape: [LARGE], data: new Float32Array(LARGE).fill(1) }]]);
    const [safe, torch, legacy] = ['large.safetensors', 'large.pth', 'large.state'].map((name) =>
      join(root, name),
    );
    if (!safe || !torch || !legacy) throw new Error('expected three paths');
    await writeSafetensors(safe, tensors, { checksum: true });
    await writeTorch(torch, tensors);
    const meta = { epoch: 1, step: 2, seed: 3, configHash: 'c0ffee', versions: {} };
    await saveRunState(legacy, { meta, model: tensors, optimizer: new Map() });
    const expected = { pieces: 3, largest: PIECE_BYTES, bytes: 4 * LARGE, buffers: 1 };
    const streams = [
      (await openStateDict(safe)).tensors.get('w'),
      (await openStateDict(torch)).tensors.get('w'),
      (await openRunState(legacy)).model.get('w'),
    ];
    for (const stream of streams) {
      if (!stream) throw new Error('expected the tensor');
      expect(await measured(stream)).toEqual(expected);
    }
  });

  it('gives the same result as reading the file: views, other dtypes and other values', async () => {
    const path = join(root, 'rest.pth');
    const state_dict = new Map<string, HostTensor>([
      ['module.half', { dtype: 'bfloat16', shape: [2], data: Uint16Array.of(0x3fc0, 0xff80) }],
      ['module.w', data(3)],
    ]);
    const step = { dtype: 'float32', shape: [], data: Float32Array.of(7) } as const;
    const entries: [string, TorchValue][] = [
      ['state_dict', state_dict],
      ['step', step],
      ['moment', data(4)],
    ];
    await writeTorch(path, new Map(entries));
    const { tensors, rest: others, prefixes } = await openStateDict(path);
    expect(prefixes).toEqual(['module.']);
    const specs = new Map(
      [...tensors].map(([name, { shape }]) => [name, { dtype: 'float32', shape } as const]),
    );
    const taken = takeStateDict(specs, tensors, path, { convert: true });
    const values = async (name: string) => {
      const tensor = taken.get(name);
      return tensor && [...(await readContent(name, tensor)).data].map(Number);
    };
    expect(await values('half')).toEqual([1.5, Number.NEGATIVE_INFINITY]);
    expect(await values('w')).toEqual(numbers(3));
    // Counters are on the host so that callers can use them; the rest stays in the file.
    expect(others.get('step')).toEqual(step);
    expect(others.get('moment')).not.toHaveProperty('data');
  });

  it('detects damage: up front in a training state, at the end of a storage', async () => {
    const path = join(root, 'damaged.pth');
    await writeTorch(path, new Map([['w', data(64)]]));
    const { tensors } = await openStateDict(path);
    const bytes = Buffer.from(await readFile(path));
    const at = bytes.indexOf(Buffer.from(Float32Array.of(10.5, 11.5).buffer));
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    // Another file of the same name, as when a run replaces its checkpoints.
    await writeFile(`${path}.new`, bytes);
    await rename(`${path}.new`, path);
    const stale = tensors.get('w');
    if (!stale) throw new Error('expected the tensor');
    await expect(readContent('w', stale)).rejects.toThrow('changed while it was being read; read it again');
    const damaged = (await openStateDict(path)).tensors.get('w');
    if (!damaged) throw new Error('expected the tensor');
    await expect(readContent('w', damaged)).rejects.toThrow('storage "0" does not match its checksum');

    const folder = await temporaryFolder();
    const meta = { epoch: 1, step: 2, seed: 3, configHash: 'c0ffee', versions: {} };
    const [older, newer] = [2, 4].map((step) => join(folder, `checkpoint-${step}.safetensors`));
    for (const state of [older, newer]) {
      await saveRunState(state ?? '', { meta, model: new Map([['w', data(64)]]), optimizer: new Map() });
    }
    const torn = Buffer.from(await readFile(newer ?? ''));
    torn[torn.byteLength - 1] = 1;
    await writeFile(newer ?? '', torn);
    const { path: used, rejected } = await openResumedState(folder);
    expect([used, rejected.map(({ path: passed }) => passed)]).toEqual([older, [newer]]);
  });
});
