import { describe, expect, expectTypeOf, it } from 'vitest';
import { UsageError } from '../../src/errors.js';
import { Tracer } from '../../src/ir/tracer.js';
import { cpu } from '../../src/native/cpu.js';
import { type StateSpec, Store, statesOf } from '../../src/program/store.js';
import { residualStep } from '../support/nets.js';

const specs: StateSpec[] = [
  { name: 'fc.weight', kind: 'parameter', shape: [2, 3], dtype: 'float32' },
  { name: 'bn.num_batches_tracked', kind: 'buffer', shape: [], dtype: 'int64' },
  { name: 'fc.weight.momentum', kind: 'optimizer', shape: [2, 3], dtype: 'float32' },
  { name: 'half', kind: 'buffer', shape: [3], dtype: 'bfloat16' },
];

describe('Store', () => {
  it('starts with zeros', () => {
    const store = new Store(cpu(), specs);
    expect(store.read('fc.weight')).toEqual({
      dtype: 'float32',
      shape: [2, 3],
      data: new Float32Array(6),
    });
    expect(store.read('bn.num_batches_tracked').data).toEqual(BigInt64Array.of(0n));
  });

  it('returns what was written, copying both ways', () => {
    const store = new Store(cpu(), specs);
    const data = Float32Array.of(1, 2, 3, 4, 5, Number.NaN);
    store.write('fc.weight', data);
    store.write('bn.num_batches_tracked', BigInt64Array.of(2n ** 60n));
    store.write('half', Uint16Array.of(0x3f80, 0, 0xffff));
    data.fill(0);
    store.read('fc.weight', 'float32').data.fill(9);
    expect(store.read('fc.weight').data).toEqual(Float32Array.of(1, 2, 3, 4, 5, Number.NaN));
    expect(store.read('bn.num_batches_tracked').data).toEqual(BigInt64Array.of(2n ** 60n));
    expect(store.read('half').data).toEqual(Uint16Array.of(0x3f80, 0, 0xffff));
    expect(store.read('fc.weight.momentum').data).toEqual(new Float32Array(6));
  });

  it('returns the array of the requested dtype, or throws', () => {
    const store = new Store(cpu(), specs);
    expectTypeOf(store.read('bn.num_batches_tracked', 'int64').data).toEqualTypeOf<BigInt64Array>();
    expect(() => store.read('half', 'float32')).toThrow('state half is bfloat16[3], not float32');
  });

  it('writes part of a larger array', () => {
    const store = new Store(cpu(), specs);
    store.write('fc.weight', new Float32Array([0, 1, 2, 3, 4, 5, 6, 7]).subarray(1, 7));
    expect(store.read('fc.weight').data).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  });

  it('reads and writes bytes in pieces, through one buffer', async () => {
    const [store, other] = [new Store(cpu(), specs), new Store(cpu(), specs)];
    const data = Float32Array.of(1, 2, 3, 4, 5, 6);
    store.write('fc.weight', data);
    const buffers = new Set<ArrayBufferLike>();
    const copies: Uint8Array[] = [];
    for (const piece of store.pieces('fc.weight', 16)) {
      buffers.add(piece.buffer);
      copies.push(piece.slice());
    }
    expect([buffers.size, copies.map(({ byteLength }) => byteLength)]).toEqual([1, [16, 8]]);
    expect([...store.pieces('bn.num_batches_tracked', 16)]).toHaveLength(1);
    expect([...store.pieces('bn.num_batches_tracked', 16, new Uint8Array(0))]).toHaveLength(1);
    await other.writePieces('fc.weight', 'float32', copies);
    expect(other.read('fc.weight').data).toEqual(data);
    other.requireWritten(['fc.weight']);
    const refused = 'state fc.weight is float32[2,3] but received';
    await expect(other.writePieces('fc.weight', 'int32', copies)).rejects.toThrow(
      `${refused} 24 bytes of int32`,
    );
    await expect(other.writePieces('fc.weight', 'float32', [...copies, ...copies])).rejects.toThrow(refused);
    await expect(other.writePieces('fc.weight', 'float32', copies.slice(1))).rejects.toThrow(
      `${refused} 8 bytes`,
    );
  });

  it('lists states by kind, in order of definition', () => {
    const store = new Store(cpu(), specs);
    expect([...store.stateDict().keys()]).toEqual(specs.map(({ name }) => name));
    expect([...store.stateDict('parameter', 'buffer').keys()]).toEqual([
      'fc.weight',
      'bn.num_batches_tracked',
      'half',
    ]);
    // Each state is on its own cache lines.
    expect(store.bytes).toBe(4 * 64);
  });

  it.each<[string, (store: Store) => unknown]>([
    ['the store has no state fc.bias', (store) => store.read('fc.bias')],
    ['the store has no state fc.bias', (store) => store.write('fc.bias', new Float32Array(1))],
    [
      'state fc.weight is float32[2,3] but received 5 elements of float32',
      (store) => store.write('fc.weight', new Float32Array(5)),
    ],
    [
      'state fc.weight is float32[2,3] but received 6 elements of int32',
      (store) => store.write('fc.weight', new Int32Array(6)),
    ],
  ])('%s', (message, body) => {
    const store = new Store(cpu(), specs);
    expect(() => body(store)).toThrow(UsageError);
    expect(() => body(store)).toThrow(message);
  });
});

describe('statesOf', () => {
  it('lists each state of several graphs once', () => {
    const { graph } = residualStep();
    const names = statesOf(graph, graph).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('stem.bn.running_var');
  });

  it('names a state that two graphs declare differently', () => {
    const graphs = [[3], [4]].map((shape) => {
      const tracer = new Tracer();
      tracer.state('fc.weight', shape, 'float32', 'parameter');
      return tracer.finish();
    });
    expect(() => statesOf(...graphs)).toThrow(
      'state fc.weight is float32[3] in one program and float32[4] in another',
    );
  });
});
