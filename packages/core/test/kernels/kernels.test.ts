/** Every native kernel, compared with its op's reference. */

import { byteLength, type TensorType } from '@inplace-abn/tensor';
import { describe, expect, it } from 'vitest';
import { type OpName, opOf, ops } from '../../src/ops/index.js';
import {
  type Call,
  callOf,
  type DataType,
  deviceTolerance,
  expectAgrees,
  pitchable,
  reference,
  runKernel,
  sameBits,
  tensor,
  testedCases,
  testedDataTypes,
} from './harness.js';
import type { KernelCase } from './operands.js';
import { records } from './records.js';

const names = Object.keys(ops) as OpName[];

const takesData = (op: OpName): boolean =>
  [...opOf(op).inputs, ...opOf(op).outputs].some(({ kind }) => kind === 'data');

const dtypesOf = (op: OpName): readonly DataType[] => (takesData(op) ? testedDataTypes() : ['float32']);

/** The calls of the current op and dtype, which several tests run. */
const known = { of: '', calls: new Map<KernelCase, Call>() };

function knownCall(op: OpName, record: KernelCase, dtype: DataType): Call {
  const of = `${op} ${dtype}`;
  if (known.of !== of) Object.assign(known, { of, calls: new Map() });
  const call = known.calls.get(record) ?? callOf(op, record, dtype);
  known.calls.set(record, call);
  return call;
}

const casesOf = (op: OpName): [string, KernelCase][] =>
  testedCases(records[op]).map((record) => {
    const shapes = record.inputs.map((shape) => (shape ? `[${shape.join()}]` : '_')).join(' ');
    return [`${shapes} ${JSON.stringify(record.attrs)}`, record];
  });

/** True if the output fits the memory of an operand that the op may overwrite. */
const sameMemory = (input: TensorType | null | undefined, output: TensorType | undefined): boolean =>
  Boolean(input && output && input.dtype === output.dtype && byteLength(input) === byteLength(output));

it('has a record for every op', () => {
  expect(Object.keys(records).sort()).toEqual(names);
  for (const name of names) expect(records[name].length, name).toBeGreaterThan(0);
});

describe.each(names)('%s', (op) => {
  describe.each(dtypesOf(op))('%s', (dtype) => {
    it.each(casesOf(op))('%s', async (_, record) => {
      const call = knownCall(op, record, dtype);
      const expected = reference(call);
      const actual = await runKernel(call);
      const tolerance = dtype === 'float32' ? record.tolerance : undefined;
      actual.forEach((output, i) => {
        const wanted = expected[i];
        const allowed = deviceTolerance(op, dtype) ?? (output.dtype === 'float32' ? tolerance : undefined);
        if (wanted) expectAgrees(output, wanted, allowed);
      });
      for (const overwrite of opOf(op).overwrites) {
        if (overwrite.required || !sameMemory(call.inputs[overwrite.input], actual[overwrite.output]))
          continue;
        const inPlace = await runKernel(call, { overwrite });
        expect(sameBits(inPlace, actual), `the same over operand ${overwrite.input}`).toBe(true);
      }
      const constants = opOf(op).inputs.flatMap(({ kind }, index) =>
        kind === 'float32' && call.inputs[index] ? [index] : [],
      );
      const keeping = await runKernel(call, { constants });
      expect(sameBits(keeping, actual), 'the same with constant operands').toBe(true);
    });

    if ([...opOf(op).inputs, ...opOf(op).outputs].some(({ pitched }) => pitched)) {
      it('is bit-identical on strided views of wider tensors', async () => {
        for (const record of testedCases(records[op])) {
          const call = knownCall(op, record, dtype);
          const dense = await runKernel(call);
          const { inputs, outputs } = pitchable(call);
          const ways = [{ inputs, outputs }, ...inputs.map((index) => ({ inputs: [index], outputs: [] }))];
          for (const way of ways) {
            const found = await runKernel(call, { pitched: way });
            if (!sameBits(found, dense)) expect.fail(`${JSON.stringify(record)} with ${JSON.stringify(way)}`);
          }
          for (const overwrite of opOf(op).overwrites) {
            if (!sameMemory(call.inputs[overwrite.input], dense[overwrite.output])) continue;
            const found = await runKernel(call, { overwrite, pitched: { inputs, outputs } });
            if (!sameBits(found, dense)) expect.fail(`${JSON.stringify(record)} over ${overwrite.input}`);
          }
        }
      });
    }

    const poisoned = opOf(op).inputs.flatMap(({ kind, name }, index) =>
      (kind === 'data' || kind === 'float32') && op !== 'guard_finite' ? [[name, index] as const] : [],
    );
    if (poisoned.length === 0) return;
    it.each(poisoned)('propagates NaN from %s', async (_, index) => {
      for (const record of testedCases(records[op])) {
        const call = knownCall(op, record, dtype);
        const operand = call.inputs[index];
        if (!operand || operand.data.length === 0) continue;
        const values = operand.data.slice();
        values[values.length >> 1] = Number.NaN;
        const inputs = call.inputs.map((t, i) =>
          i === index ? tensor(operand.shape, operand.dtype, values) : t,
        );
        const expected = reference({ ...call, inputs });
        const actual = await runKernel({ ...call, inputs });
        actual.forEach((output, i) => {
          const wanted = expected[i]?.data ?? [];
          // Zero padding of a product (of its window or channels) can produce further NaNs.
          const padded = op.startsWith('conv2d');
          // Deep equality is a hundred times slower.
          const wrong = output.data.findIndex((value, at) => {
            const [found, is] = [Number.isNaN(value), Number.isNaN(wanted[at])];
            return padded ? is && !found : is !== found;
          });
          if (wrong >= 0 || output.data.length !== wanted.length)
            expect.fail(
              `${JSON.stringify(record)}: element ${wrong} of output ${i} is ${output.data[wrong]}`,
            );
        });
      }
    });
  });
});
