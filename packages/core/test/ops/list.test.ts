import { describe, expect, it } from 'vitest';
import { type OpName, opOf, ops } from '../../src/ops/index.js';

describe('the list of ops', () => {
  const names = Object.keys(ops) as OpName[];

  it('is keyed by name, in alphabetical order', () => {
    expect(names.map((name) => opOf(name).name)).toEqual(names);
    expect(names).toEqual([...names].sort());
  });

  it.each(names)('%s refers only to existing operands in its rules', (name) => {
    const { inputs, outputs, overwrites, inverses, peerKeeps } = opOf(name);
    const kept = typeof peerKeeps === 'function' ? peerKeeps({ activation: 'relu' }) : peerKeeps;
    for (const { input, output } of overwrites) {
      // Operands of any dtype are overwritten only if they have the result's dtype; otherwise a veto applies.
      expect([outputs[output]?.kind, 'any']).toContain(inputs[input]?.kind);
    }
    for (const { input, fromInputs, fromOutputs } of inverses) {
      expect(fromInputs).not.toContain(input);
      expect(fromInputs.every((index) => index < inputs.length)).toBe(true);
      expect(fromOutputs.every((index) => index < outputs.length)).toBe(true);
    }
    expect(kept.inputs.every((index) => index < inputs.length)).toBe(true);
    expect(kept.outputs.every((index) => index < outputs.length)).toBe(true);
    expect(inputs.slice(0, -1).some(({ variadic }) => variadic)).toBe(false);
  });
});
