import { elementCount } from '@inplace-abn/tensor';
import { Callable, type CallContext, Opaque, type Pickled, Storage, TensorRef, Tuple } from './objects.js';

const MAX_RANK = 64;

/**
 * torch._utils._rebuild_tensor (4 arguments: storage, offset, size, stride) and _rebuild_tensor_v2 (also
 * requires_grad and backward hooks, which are ignored). The tensor must lie inside its storage.
 */
export function rebuildTensor(count: 4 | 6): Callable {
  const name = `torch._utils._rebuild_tensor${count === 6 ? '_v2' : ''}`;
  return new Callable(name, (args, context) => {
    const [storage, offset, sizes, strides, , , metadata] = args;
    // Complex, quantized and other dtypes without a counterpart here.
    if (storage instanceof Opaque) return new Opaque(`tensor of ${storage.name}`);
    // PyTorch ≥ 2.0 may append metadata as a seventh argument.
    if (args.length < count || args.length > count + 1 || !(storage instanceof Storage)) {
      return context.fail(`the arguments of ${name} are malformed`);
    }
    const shape = wholeNumbers(sizes, 'shape', context);
    const view = viewOf(storage, wholeNumber(offset, 'offset', context), shape, strides ?? null, context);
    return isNegative(metadata) ? negated(view, context) : view;
  });
}

/** True if a view's metadata sets `neg`, as in x._neg_view() and the imaginary part of a conjugate. */
function isNegative(metadata: Pickled | undefined): boolean {
  return metadata instanceof Map && metadata.get('neg') === true;
}

function negated({ dtype, shape, strides, storage, offset }: TensorRef, { fail }: CallContext): TensorRef {
  if (dtype === 'bool') return fail('a bool tensor has the negative bit');
  return new TensorRef(dtype, shape, strides, storage, offset, true);
}

function viewOf(
  storage: Storage,
  offset: number,
  shape: readonly number[],
  strideValue: Pickled,
  context: CallContext,
): TensorRef {
  const strides = wholeNumbers(strideValue, 'stride', context);
  if (strides.length !== shape.length) {
    return context.fail(`a tensor of shape [${shape.join(', ')}] has ${strides.length} strides`);
  }
  const elements = elementCount(shape);
  if (Number.isNaN(elements)) return context.fail(`[${shape.join(', ')}] is not a valid shape of a tensor`);
  // An empty tensor reads nothing; PyTorch writes odd offsets for some.
  if (elements === 0) return new TensorRef(storage.dtype, shape, strides, storage, storage.start);
  let end = offset + 1;
  for (const [axis, size] of shape.entries()) end += (size - 1) * (strides[axis] ?? 0);
  if (!(end <= storage.length)) {
    return context.fail(
      `a tensor of shape [${shape.join(', ')}] needs ${end} elements of a storage that has ${storage.length}`,
    );
  }
  return new TensorRef(storage.dtype, shape, strides, storage, storage.start + offset);
}

function wholeNumber(value: Pickled | undefined, what: string, { fail }: CallContext): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  const shown = typeof value === 'number' || typeof value === 'bigint' ? ` (${value})` : '';
  return fail(`the ${what} of a tensor is not an integer ≥ 0${shown}`);
}

function wholeNumbers(value: Pickled | undefined, what: string, context: CallContext): number[] {
  const items = value instanceof Tuple ? value.items : Array.isArray(value) ? value : undefined;
  if (!items || items.length > MAX_RANK) {
    return context.fail(`the ${what} of a tensor is not a list of at most ${MAX_RANK} numbers`);
  }
  return items.map((item) => wholeNumber(item, what, context));
}
