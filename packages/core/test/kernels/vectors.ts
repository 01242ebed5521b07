/** Runs kernels of our own in the vectors of each instruction set that this CPU has. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReferenceTensor } from '../../src/ops/define.js';
import type { OpName } from '../../src/ops/index.js';
import { type Call, callOf, type DataType, expectAgrees, prepare, reference, runKernel } from './harness.js';
import type { KernelCase } from './operands.js';

interface Known {
  readonly call: Call;
  readonly expected: ReferenceTensor;
}

/**
 * Every case of every op in vectors of 4, 8 and 16 floats, beside its reference.
 * @param kernel the beginning of the implementation's name
 * @param tolerance of float32 outputs
 */
export function describeInVectors(
  kernel: string,
  dtypes: readonly DataType[],
  tolerance: number,
  cases: Readonly<Partial<Record<OpName, readonly KernelCase[]>>>,
): void {
  // What the ops mean is the same in all vectors.
  const known = new Map<string, readonly Known[]>();
  const knownOf = (op: OpName, dtype: DataType): readonly Known[] => {
    const key = `${op} ${dtype}`;
    const calls = known.get(key) ?? cases[op]?.map((record) => knownCall(op, record, dtype)) ?? [];
    known.set(key, calls);
    return calls;
  };

  beforeEach(() => {
    vi.stubEnv('IABN_EMULATE_BF16', '1');
    vi.stubEnv('IABN_KERNEL_CHOICE', kernel);
  });

  afterEach(() => {
    vi.unstubAllEnvs();
  });

  describe.each(['4', '8', '16'])('in vectors of %s floats', (lanes) => {
    beforeEach(() => {
      vi.stubEnv('IABN_VECTOR_LANES', lanes);
    });

    it.each(Object.keys(cases).flatMap((op) => dtypes.map((dtype) => [op as OpName, dtype] as const)))(
      '%s of %s images agrees with the reference',
      async (op, dtype) => {
        for (const { call, expected } of knownOf(op, dtype)) {
          // A CPU without these vectors computes in narrower ones.
          expect(prepare(call).implementation).toMatch(new RegExp(`^${kernel}:(sse2|avx2|avx512)$`));
          const [actual] = await runKernel(call);
          if (!actual) throw new Error('a convolution has one output');
          expectAgrees(actual, expected, actual.dtype === 'float32' ? tolerance : undefined);
        }
      },
    );
  });
}

function knownCall(op: OpName, record: KernelCase, dtype: DataType): Known {
  const call = callOf(op, record, dtype);
  const [expected] = reference(call);
  if (!expected) throw new Error('a convolution has one output');
  return { call, expected };
}
