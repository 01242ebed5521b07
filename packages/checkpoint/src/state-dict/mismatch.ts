// What a difference between a network and a file means, in words for the person who named the file.

import type { TensorSpec } from '@inplace-abn/tensor';
import { CheckpointError } from '../errors.js';
import { formatDifference, type Specs, type StateDictDifference } from './match.js';

/** Lines of each kind below a sentence that says it all. */
const LINES = 8;

/** Class counts of a network and of a file that differ in nothing else; 0 where there is no classifier. */
export interface ClassCounts {
  readonly expected: number;
  readonly found: number;
}

/** A state dictionary that does not fit the network; nothing of it was taken. */
export class StateDictMismatch extends CheckpointError {
  constructor(
    message: string,
    readonly difference: StateDictDifference,
    /** Set if the classifier alone differs: then the rest can be taken without it. */
    readonly classes?: ClassCounts,
  ) {
    super(message);
  }
}

/** Where the parameters of a classifier begin, whose shapes follow from the number of classes; the last are TResNet's. */
export const CLASSIFIERS: readonly string[] = ['classifier.fc.', 'head.fc.'];

export function isClassifier(name: string): boolean {
  return CLASSIFIERS.some((prefix) => name.startsWith(prefix));
}

/**
 * Explains a difference: one sentence where it has one cause, and the tensors it is about.
 *
 * @param source what to call the file
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
      `The checkpoint ${source} has ${count(classes.found, 'class', 'classes')}, the network ${classes.expected}; everything but the classifier fits. Leave the classifier of the checkpoint out to load the rest.\n${formatDifference(difference, LINES)}`,
      difference,
      classes,
    );
  }
  const fitting = [...expected].filter(([name, spec]) => sameShape(spec, found.get(name))).length;
  if (2 * fitting < expected.size) {
    return new StateDictMismatch(
      `The checkpoint ${source} is of another network: of the ${count(expected.size, 'tensor', 'tensors')} that this one has, ${fitting} are in the file with the same name and shape; the file has ${found.size}. Check the architecture and the options of the network.\n${formatDifference(difference, LINES)}`,
      difference,
    );
  }
  const { missing, unexpected, shapes, dtypes } = difference;
  const [first] = dtypes;
  if (first && missing.length + unexpected.length + shapes.length === 0) {
    const kinds = new Set(dtypes.map((pair) => `${pair.found.dtype} instead of ${pair.expected.dtype}`));
    return new StateDictMismatch(
      `The checkpoint ${source} has ${[...kinds].join(', ')} in ${count(dtypes.length, 'tensor', 'tensors')} (the first is ${first.name}). Allow the conversion, or save it in the other dtype.`,
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
    // One side has no classifier at all.
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
