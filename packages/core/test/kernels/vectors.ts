/** Runs our own kernels with the vectors of each instruction set of this CPU. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReferenceTensor } from '../../src/ir/define.js';
import type { OpName } from '../../src/ops/index.js';
import {
  type Call,
  callOf,
  type DataType,
  expectAgrees,
  pitchable,
  prepare,
  reference,
  runKernel,
  sameBits,
} from './harness.js';
import type { KernelCase } from './operands.js';

interface Known {
  readonly call: Call;
  readonly expected: readonly ReferenceTensor[];
}

export interface VectorKernels {
  /** Prefix of the implementation's name, if there are others to choose from. */
  readonly kernel?: string;
  readonly dtypes: readonly DataType[];
  /** Tolerance for float32 outputs. */
  readonly tolerance: number;
  /** True if strided views are supported; they must give bit-identical results. */
  readonly slices?: boolean;
}

/** Tests every case of every op in vectors of 4, 8 and 16 floats against the reference. */
export function describeInVectors(
  { kernel, dtypes, tolerance, slices = false }: VectorKernels,
  cases: Readonly<Partial<Record<OpName, readonly KernelCase[]>>>,
): void {
  // The reference results do not depend on the vector width.
  const known = new Map<string, readonly Known[]>();
  const knownOf = (op: OpName, dtype: DataType): readonly Known[] => {
    const key = `${op} ${dtype}`;
    const calls = known.get(key) ?? cases[op]?.map((record) => knownCall(op, record, dtype)) ?? [];
    known.set(key, calls);
    return calls;
  };

  beforeEach(() => {
    if (kernel) vi.stubEnv('IABN_KERNEL_CHOICE', kernel);
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
          // A CPU without these vectors uses narrower ones.
          if (kernel)
            expect(prepare(call).implementation).toMatch(
              new RegExp(`^${kernel}:(sse2|neon|simd128|avx2|avx512(_bf16)?)$`),
            );
          const actual = await runKernel(call);
          expected.forEach((wanted, i) => {
            const output = actual[i];
            if (!output) throw new Error(`${op} has no output ${i}`);
            expectAgrees(output, wanted, output.dtype === 'float32' ? tolerance : undefined);
          });
          if (!slices) continue;
          const sliced = await runKernel(call, { pitched: pitchable(call) });
          expect(sameBits(sliced, actual), 'the same in slices').toBe(true);
        }
      },
    );
  });
}

function knownCall(op: OpName, record: KernelCase, dtype: DataType): Known {
  const call = callOf(op, record, dtype);
  return { call, expected: reference(call) };
}
