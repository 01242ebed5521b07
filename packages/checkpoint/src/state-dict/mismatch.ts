// Explains the difference between a network and a file to the user.

import type { TensorSpec } from '@inplace-abn/tensor';
import { CheckpointError } from '../errors.js';
import { formatDifference, type Specs, type StateDictDifference } from './match.js';

/** Lines of each kind below a one-sentence explanation. */
const LINES = 8;

/** Class counts of a network and a file that differ in nothing else; 0 for a side without a classifier. */
export interface ClassCounts {
  /** Classes of the network. */
  readonly expected: number;
  /** Classes of the file. */
  readonly found: number;
}

/** Thrown if a state dictionary does not fit the network. Nothing has been loaded. */
export class StateDictMismatch extends CheckpointError {
  override readonly code = 'ERR_STATE_DICT';

  /**
   * Carries the difference next to its message.
   *
   * @param message the difference in words, with the likely fix
   */
  constructor(
    message: string,
    /** Every name, shape and dtype that differs. */
    readonly difference: StateDictDifference,
    /** Set if only the classifier differs: the rest can then be loaded without it. */
    readonly classes?: ClassCounts,
  ) {
    super(message);
  }
}

/** Name prefixes of classifiers, whose shapes depend on the number of classes; TResNet uses the last. */
export const CLASSIFIERS: readonly string[] = ['classifier.fc.', 'head.fc.'];

/** Whether a tensor belongs to a network's classifier, whose shape depends on the number of classes. */
export function isClassifier(name: string): boolean {
  return CLASSIFIERS.some((prefix) => name.startsWith(prefix));
}

/**
 * Explains a difference: one sentence if it has a single cause, and the tensors involved.
 *
 * @param source names the file
 */
export function explain(
  expected: Specs,
  found: Specs,
  difference: StateDictDifference,
  source: string,
): StateDictMismatch {
  const classes = differingClasses(difference);
  if (classes) {
    return new StateDictMismatch(
      `The checkpoint ${source} has ${count(classes.found, 'class', 'classes')}, the network ${classes.expected}; everything except the classifier fits. Drop the classifier to load the rest.\n${formatDifference(difference, LINES)}`,
      difference,
      classes,
    );
  }
  const fitting = [...expected].filter(([name, spec]) => sameShape(spec, found.get(name))).length;
  if (2 * fitting < expected.size) {
    return new StateDictMismatch(
      `The checkpoint ${source} belongs to a different network: ${fitting} of the ${count(expected.size, 'tensor', 'tensors')} of this one are in the file with the same name and shape; the file has ${found.size}. Check the architecture and the options of the network.\n${formatDifference(difference, LINES)}`,
      difference,
    );
  }
  const { missing, unexpected, shapes, dtypes } = difference;
  const [first] = dtypes;
  if (first && missing.length + unexpected.length + shapes.length === 0) {
    const kinds = new Set(dtypes.map((pair) => `${pair.found.dtype} instead of ${pair.expected.dtype}`));
    return new StateDictMismatch(
      `The checkpoint ${source} has ${[...kinds].join(', ')} in ${count(dtypes.length, 'tensor', 'tensors')} (the first is ${first.name}). Allow the conversion, or save the checkpoint with the expected dtype.`,
      difference,
    );
  }
  return new StateDictMismatch(
    `The state dictionary in ${source} does not fit the network:\n${formatDifference(difference)}`,
    difference,
  );
}

function differingClasses({ missing, unexpected, shapes }: StateDictDifference): ClassCounts | undefined {
  const unmatched = [...missing, ...unexpected];
  const names = [...unmatched, ...shapes].map(({ name }) => name);
  if (names.length === 0 || !names.every(isClassifier)) return undefined;
  const weight = (items: readonly { name: string; spec: TensorSpec }[]): number =>
    items.find(({ name }) => name.endsWith('.weight'))?.spec.shape[0] ?? 0;
  if (shapes.length === 0) {
    // One side has no classifier.
    return missing.length === 0 || unexpected.length === 0
      ? { expected: weight(missing), found: weight(unexpected) }
      : undefined;
  }
  const pair = shapes.find(({ name }) => name.endsWith('.weight'));
  const [expected, found] = [pair?.expected.shape ?? [], pair?.found.shape ?? []];
  if (unmatched.length > 0 || expected.length !== 2 || expected[1] !== found[1]) return undefined;
  return { expected: expected[0] ?? 0, found: found[0] ?? 0 };
}

function sameShape(a: TensorSpec, b: TensorSpec | undefined): boolean {
  return (
    b !== undefined && a.shape.length === b.shape.length && a.shape.every((size, i) => size === b.shape[i])
  );
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
