/** The ABN kernels on random shapes: any number of rows and channels, dense and as strided views. */
import { type DataDType, opOf } from '@inplace-abn/core';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import {
  callOf,
  expectAgrees,
  pitchable,
  reference,
  runKernel,
  testOn,
} from '../../../core/test/kernels/harness.js';
import { records } from '../../../core/test/kernels/records.js';
import { testedDevice } from '../support/device.js';

const DTYPES: readonly DataDType[] = ['float32', 'bfloat16', 'float16'];
testOn(testedDevice, DTYPES);

const shapes = fc.record({
  rows: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 200, max: 2100 })),
  channels: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(64, 96, 128, 257, 512, 1030)),
  dtype: fc.constantFrom(...DTYPES),
  record: fc.nat(),
  sliced: fc.boolean(),
});

describe.each(['abn_stats', 'abn_apply', 'abn_backward_reduce', 'abn_backward_apply'] as const)(
  '%s',
  (op) => {
    it('any shape', async () => {
      await fc.assert(
        fc.asyncProperty(shapes, async ({ rows, channels, dtype, record: index, sliced }) => {
          const record = records[op][index % records[op].length];
          if (!record || rows * channels > 300_000) return;
          const { inputs: operands } = opOf(op);
          const inputs = record.inputs.map((shape, i) => {
            if (shape === null || shape.length === 0) return shape;
            return operands[i]?.kind === 'data' ? [rows, channels] : [channels];
          });
          const attrs = 'count' in record.attrs ? { ...record.attrs, count: rows } : record.attrs;
          const call = callOf(op, { ...record, attrs, inputs } as typeof record, dtype);
          const found = await runKernel(call, sliced ? { pitched: pitchable(call) } : {});
          reference(call).forEach((wanted, i) => {
            const output = found[i];
            // Sums of many terms with mixed signs cancel.
            if (output) expectAgrees(output, wanted, output.dtype === 'float32' ? 1e-4 : undefined);
          });
        }),
        { numRuns: 25, seed: 6 },
      );
    });
  },
);
