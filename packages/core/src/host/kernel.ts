/** Kernel of an op that JavaScript computes, on copies of its operands, for any device. */
import { byteLength } from '@inplace-abn/tensor';
import type { KernelSpec, LoadedInstruction, PreparedKernel } from '../devices/device.js';
import type { HostRule } from '../ir/define.js';
import { emptyOperand, operandOf, storedBytes } from './operand.js';

export class HostKernel implements PreparedKernel {
  readonly workspaceBytes = 0;
  readonly layout = null;
  readonly implementation = 'JavaScript';
  readonly refusals = [];
  readonly choice = null;

  constructor(
    private readonly compute: HostRule,
    private readonly spec: KernelSpec,
  ) {}

  /** Runs one instruction. Its memory must not be accessed concurrently. */
  run({ inputs, outputs: [target], path }: LoadedInstruction): void {
    const { op, inputs: types, outputs } = this.spec;
    const [type] = outputs;
    if (!type || !target) return;
    const output = emptyOperand(type);
    try {
      const read = types.flatMap((operand, index) => {
        const from = inputs[index];
        if (!operand || !from) return [];
        return [operandOf(operand, from.memory.read(from.offset, byteLength(operand)))];
      });
      this.compute(read, output);
      target.memory.write(target.offset, storedBytes(type, output));
    } catch (error) {
      if (error instanceof Error) error.message = `${op} at ${path || '(top)'}: ${error.message}`;
      throw error;
    }
  }
}
