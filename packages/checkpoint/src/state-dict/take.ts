import { type HostDType, type HostTensor, type TensorMap, type TensorSpec, zeros } from '@inplace-abn/tensor';
import { hasDtype, type TensorContent, type TensorContents } from '../tensor-stream.js';
import { asCount, asFloat32, isConvertible, isFloat } from './convert.js';
import { isEmptyDifference, matchStateDict, mayBeMissing, type TensorMismatch } from './match.js';
import { explain, isClassifier } from './mismatch.js';

/** Which differences are allowed when a state dictionary is matched to a network. */
export interface TakeOptions {
  /**
   * Convert float16, bfloat16 and float64 tensors to the network's float32, and a `num_batches_tracked` of
   * these dtypes to int64. Default false.
   */
  readonly convert?: boolean;
  /** Ignore the classifier (`classifier.fc.*`, `head.fc.*`) on both sides; the result has none. */
  readonly dropClassifier?: boolean;
}

/**
 * Selects the tensors that a network expects from those of a file, in the network's order. Returns all of
 * them or throws. A missing `num_batches_tracked` becomes 0. Copies only what it converts; streams stay
 * streams.
 *
 * @param expected names, shapes and dtypes of the network
 * @param found the tensors of the file
 * @param source names the file in errors
 * @throws StateDictMismatch if a name, shape or dtype differs. The message names the cause if there is a
 * single one (number of classes, network, dtype) and lists the differences.
 */
export function takeStateDict<D extends HostDType>(
  expected: ReadonlyMap<string, TensorSpec<D>>,
  found: TensorMap,
  source: string,
  options?: TakeOptions,
): Map<string, HostTensor<D>>;
export function takeStateDict<D extends HostDType>(
  expected: ReadonlyMap<string, TensorSpec<D>>,
  found: TensorContents,
  source: string,
  options?: TakeOptions,
): Map<string, TensorContent<D>>;
export function takeStateDict<D extends HostDType>(
  expected: ReadonlyMap<string, TensorSpec<D>>,
  found: TensorContents,
  source: string,
  { convert = false, dropClassifier = false }: TakeOptions = {},
): Map<string, TensorContent<D>> {
  const [wanted, offered] = dropClassifier
    ? [withoutClassifier(expected), withoutClassifier(found)]
    : [expected, found];
  const all = matchStateDict(wanted, offered);
  const fits = ({ name, found: { dtype }, expected: { dtype: own } }: TensorMismatch): boolean =>
    isConvertible(dtype, own) || (mayBeMissing(name) && own === 'int64' && isFloat(dtype));
  const open = all.dtypes.filter((pair) => !convert || !fits(pair));
  const difference = { ...all, dtypes: open };
  if (!isEmptyDifference(difference)) throw explain(wanted, offered, difference, source);
  const taken = new Map<string, TensorContent<D>>();
  for (const [name, spec] of wanted) {
    const tensor = offered.get(name);
    if (!tensor) {
      if (mayBeMissing(name)) taken.set(name, zeros(spec));
      continue;
    }
    const own =
      tensor.dtype === spec.dtype ? tensor : mayBeMissing(name) ? asCount(tensor) : asFloat32(tensor);
    if (hasDtype(own, spec.dtype)) taken.set(name, own);
  }
  return taken;
}

function withoutClassifier<T>(tensors: ReadonlyMap<string, T>): Map<string, T> {
  return new Map([...tensors].filter(([name]) => !isClassifier(name)));
}
