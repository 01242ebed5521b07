import { describe, expect, it } from 'vitest';
import {
  formatDifference,
  isEmptyDifference,
  matchStateDict,
  type TensorData,
  takeStateDict,
} from '../src/index.js';
import { float32 } from './tensors.js';

const expected = new Map<string, TensorData>([
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

  it('throws one readable difference', () => {
    const found = new Map<string, TensorData>([
      ['mod1.conv.weight', float32([2, 1], [0, 0])],
      ['mod1.bn1.running_var', { dtype: 'float64', shape: [2], data: new Float64Array(2) }],
      ['classifier.fc.bias', float32([4], [0, 0, 0, 0])],
      ['x', float32([], [1])],
    ]);
    expect(() => takeStateDict(expected, found, 'a.safetensors')).toThrowErrorMatchingInlineSnapshot(`
      [CheckpointError: The state dictionary in a.safetensors does not fit the network:
        missing     mod1.conv1.weight  float32 [2, 1]  (nearest: mod1.conv.weight)
        unexpected  mod1.conv.weight  float32 [2, 1]  (nearest: mod1.conv1.weight)
        unexpected  x  float32 []
        shape       classifier.fc.bias  expected float32 [3], found float32 [4]
        dtype       mod1.bn1.running_var  expected float32 [2], found float64 [2]]
    `);
  });
});

describe('matchStateDict', () => {
  it('finds nothing between equals', () => {
    expect(isEmptyDifference(matchStateDict(expected, expected))).toBe(true);
    expect(formatDifference(matchStateDict(expected, expected))).toBe('');
  });

  it('tells shapes of other rank apart', () => {
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
