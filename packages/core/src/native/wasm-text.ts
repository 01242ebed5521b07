/** Specifications as the fields that native/wasm/spec.cc reads. */
import type { KernelSpec, OperandSpec } from '../devices/device.js';
import type { Attributes } from '../ir/define.js';

type Field = string | number;

/** Fields of a kernel's specification. */
export function kernelFields({ op, attrs, inputs, outputs, constants = [], choice }: KernelSpec): Field[] {
  const attributes = Object.entries(attrs);
  return [
    op,
    choice ?? '',
    attributes.length,
    ...attributes.flatMap(([name, value]) => [name, ...attributeFields(value)]),
    ...listFields(inputs, operandFields),
    ...listFields(outputs, operandFields),
    ...listFields(constants, (index) => [index]),
  ];
}

/** The number of items, and the fields of each. */
export function listFields<T>(items: readonly T[], fields: (item: T) => Field[]): Field[] {
  return [items.length, ...items.flatMap(fields)];
}

function attributeFields(value: Attributes[string]): Field[] {
  if (typeof value === 'object') return ['numbers', ...listFields([...value], (item) => [Number(item)])];
  return [typeof value, String(value)];
}

/** The row pitch is 0 for a dense operand; the dtype of an absent one is empty. */
function operandFields(operand: OperandSpec | null): Field[] {
  if (!operand) return [''];
  return [operand.dtype, operand.pitch ?? 0, ...listFields(operand.shape, (dim) => [dim])];
}
