import { describe, expect, it } from 'vitest';
import {
  formatDifference,
  type HostTensor,
  isEmptyDifference,
  matchStateDict,
  StateDictMismatch,
  takeStateDict,
} from '../src/index.js';
import { float32 } from './tensors.js';

const expected = new Map<string, HostTensor>([
  ['mod1.conv1.weight', float32([2, 1], [0, 0])],
  ['mod1.bn1.running_var', float32([2], [0, 0])],
  ['mod1.bn1.num_batches_tracked', { dtype: 'int64', shape: [], data: BigInt64Array.of(4n) }],
  ['classifier.fc.bias', float32([3], [0, 0, 0])],
]);

describe('takeStateDict', () => {
  it('takes every tensor in the order of the network', () => {
    const found = new Map([...expected].reverse());
    const taken = takeStateDict(expected, found, 'a.safetensors');
    expect([...taken.keys()]).toEqual([...expected.keys()]);
    for (const [name, tensor] of taken) expect(tensor).toBe(found.get(name));
  });

  it('counts a missing num_batches_tracked as 0', () => {
    const found = new Map(expected);
    found.delete('mod1.bn1.num_batches_tracked');
    const taken = takeStateDict(expected, found, 'a.safetensors');
    expect(taken.get('mod1.bn1.num_batches_tracked')).toEqual({
      dtype: 'int64',
      shape: [],
      data: BigInt64Array.of(0n),
    });
    expect(taken.size).toBe(expected.size);
  });

  it('throws a readable difference', () => {
    const more = Array.from({ length: 4 }, (_, i): [string, HostTensor] => [`mod2.${i}`, float32([1], [0])]);
    const network = new Map([...expected, ...more]);
    const found = new Map<string, HostTensor>([
      ...more,
      ['mod1.conv.weight', float32([2, 1], [0, 0])],
      ['mod1.bn1.running_var', { dtype: 'float64', shape: [2], data: new Float64Array(2) }],
      ['classifier.fc.bias', float32([4], [0, 0, 0, 0])],
      ['x', float32([], [1])],
    ]);
    expect(() => takeStateDict(network, found, 'a.safetensors')).toThrowErrorMatchingInlineSnapshot(`
      [CheckpointError: The state dictionary in a.safetensors does not fit the network:
        missing     mod1.conv1.weight  float32 [2, 1]  (nearest: mod1.conv.weight)
        unexpected  mod1.conv.weight  float32 [2, 1]  (nearest: mod1.conv1.weight)
        unexpected  x  float32 []
        shape       classifier.fc.bias  expected float32 [3], found float32 [4]
        dtype       mod1.bn1.running_var  expected float32 [2], found float64 [2]]
    `);
  });
});

describe('explaining a difference', () => {
  const network = (classes: number): Map<string, HostTensor> =>
    new Map<string, HostTensor>([
      ['mod1.conv1.weight', float32([2, 1], [1, 2])],
      ['mod1.bn1.weight', float32([2], [1, 2])],
      ['mod1.bn1.bias', float32([2], [1, 2])],
      ...(classes === 0
        ? []
        : ([
            ['classifier.fc.weight', float32([classes, 2], Array<number>(2 * classes).fill(0))],
            ['classifier.fc.bias', float32([classes], Array<number>(classes).fill(0))],
          ] as [string, HostTensor][])),
    ]);
  const mismatch = (expected: Map<string, HostTensor>, found: Map<string, HostTensor>): StateDictMismatch => {
    try {
      takeStateDict(expected, found, 'a.pth');
    } catch (error) {
      if (error instanceof StateDictMismatch) return error;
    }
    throw new Error('no mismatch');
  };

  it.each([
    [3, 10],
    [0, 10],
    [3, 0],
  ])('recognizes that the network has %i classes and the file %i', (expected, found) => {
    const { classes, message } = mismatch(network(expected), network(found));
    expect(classes).toEqual({ expected, found });
    expect(message).toContain(
      `The checkpoint a.pth has ${found} classes, the network ${expected}; everything except the classifier fits. ` +
        'Drop the classifier to load the rest.\n',
    );
    expect(message).toContain('classifier.fc.weight');
    const taken = takeStateDict(network(expected), network(found), 'a.pth', { dropClassifier: true });
    expect([...taken.keys()]).toEqual(['mod1.conv1.weight', 'mod1.bn1.weight', 'mod1.bn1.bias']);
  });

  it('is not about class counts if anything else differs, such as the features before the classifier', () => {
    const found = network(10);
    found.delete('mod1.bn1.bias');
    expect(mismatch(network(3), found).classes).toBeUndefined();
    const wider = network(10).set('classifier.fc.weight', float32([10, 3], Array<number>(30).fill(0)));
    expect(mismatch(network(3), wider).classes).toBeUndefined();
    const dropped = (): unknown => takeStateDict(network(3), found, 'a.pth', { dropClassifier: true });
    expect(dropped).toThrow('missing     mod1.bn1.bias');
  });

  it('is a different network if less than half of the tensors fit', () => {
    const found = new Map<string, HostTensor>([
      ['features.0.weight', float32([2], [0, 0])],
      ['mod1.bn1.bias', float32([2], [0, 0])],
    ]);
    const { message } = mismatch(network(3), found);
    expect(message).toContain(
      'The checkpoint a.pth belongs to a different network: 1 of the 5 tensors of this one are in the file with the ' +
        'same name and shape; the file has 2. Check the architecture and the options of the network.\n',
    );
    expect(message).toContain('classifier.fc.weight  float32 [3, 2]  (nearest: features.0.weight)');
  });

  it('is a dtype that can or cannot be converted', () => {
    const found = new Map<string, HostTensor>(network(1));
    found.set('mod1.bn1.bias', { dtype: 'bfloat16', shape: [2], data: Uint16Array.of(0x3fc0, 0xff80) });
    found.set('mod1.bn1.weight', { dtype: 'float64', shape: [2], data: Float64Array.of(0.1, 2) });
    const values = [0x3c00, 0xc500, 0x0001, 0x83ff, 0x7c00, 0xfe00, 0x8000, 0x7bff];
    const halves = (length: number): HostTensor => ({
      dtype: 'float16',
      shape: [length, 1],
      data: Uint16Array.from(values),
    });
    found.set('mod1.conv1.weight', halves(8));
    const expected = new Map(network(1)).set('mod1.conv1.weight', float32([8, 1], Array<number>(8).fill(0)));
    expect(mismatch(expected, found).message).toBe(
      'The checkpoint a.pth has float16 instead of float32, float64 instead of float32, bfloat16 instead of float32 ' +
        'in 3 tensors (the first is mod1.conv1.weight). Allow the conversion, or save the checkpoint with the expected dtype.',
    );
    const taken = takeStateDict(expected, found, 'a.pth', { convert: true });
    const data = (name: string): unknown => taken.get(name)?.data;
    expect(data('mod1.bn1.bias')).toEqual(Float32Array.of(1.5, Number.NEGATIVE_INFINITY));
    expect(data('mod1.bn1.weight')).toEqual(Float32Array.of(0.1, 2));
    const { POSITIVE_INFINITY, NaN: nan } = Number;
    expect(data('mod1.conv1.weight')).toEqual(
      Float32Array.of(1, -5, 2 ** -24, -1023 * 2 ** -24, POSITIVE_INFINITY, nan, -0, 65504),
    );
    found.set('mod1.bn1.bias', { dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) });
    expect(() => takeStateDict(expected, found, 'a.pth', { convert: true })).toThrow(
      'int32 instead of float32',
    );
  });

  it('is fast for very many or very long names', () => {
    const many = (prefix: string): Map<string, HostTensor> =>
      new Map(Array.from({ length: 5000 }, (_, i) => [`${prefix}${i}`, float32([], [0])]));
    expect(matchStateDict(many('a'), many('b')).missing[0]?.nearest).toBeUndefined();
    // Comparing a few with very many names would take minutes.
    const names = Array.from({ length: 80_000 }, (_, i) => `${i}`.padEnd(199, 'name'));
    const unknown = new Map(names.map((name) => [name, float32([], [0])]));
    const few = new Map([['conv.weight', float32([], [0])]]);
    expect(matchStateDict(few, unknown).missing[0]?.nearest).toBeUndefined();
    const long = new Map([['a'.repeat(2 ** 20), float32([], [0])]]);
    expect(matchStateDict(new Map([['a', float32([], [0])]]), long).unexpected[0]?.nearest).toBeUndefined();
  });
});

describe('matchStateDict', () => {
  it('finds no difference between equal dictionaries', () => {
    expect(isEmptyDifference(matchStateDict(expected, expected))).toBe(true);
    expect(formatDifference(matchStateDict(expected, expected))).toBe('');
  });

  it('distinguishes shapes of different rank', () => {
    const { shapes, dtypes } = matchStateDict(
      new Map([['w', { dtype: 'float32', shape: [2, 1] }]]),
      new Map([['w', { dtype: 'float64', shape: [2] }]]),
    );
    expect(shapes).toHaveLength(1);
    expect(dtypes).toEqual([]);
  });

  it('proposes the name behind a prefix', () => {
    const found = new Map([...expected].map(([name, tensor]) => [`module.${name}`, tensor]));
    const { unexpected, missing } = matchStateDict(expected, found);
    expect(missing.map(({ name }) => name)).not.toContain('mod1.bn1.num_batches_tracked');
    expect(unexpected.find(({ name }) => name === 'module.mod1.conv1.weight')?.nearest).toBe(
      'mod1.conv1.weight',
    );
  });

  it('shortens long lists', () => {
    const many = new Map(Array.from({ length: 30 }, (_, index) => [`layer${index}`, float32([], [0])]));
    const lines = formatDifference(matchStateDict(many, new Map()), 5).split('\n');
    expect(lines).toHaveLength(6);
    expect(lines.at(-1)).toContain('… and 25 more');
  });
});
