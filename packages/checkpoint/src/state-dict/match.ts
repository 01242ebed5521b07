import type { TensorSpec } from '@inplace-abn/tensor';
import { closest, distance } from 'fastest-levenshtein';

/** A tensor that both sides have, with a different shape or dtype. */
export interface TensorMismatch {
  /** Key in the state dictionary. */
  readonly name: string;
  /** Dtype and shape in the network. */
  readonly expected: TensorSpec;
  /** Dtype and shape in the file. */
  readonly found: TensorSpec;
}

/** A name that only one side has, and the nearest name that only the other side has. */
export interface UnmatchedName {
  /** Key in the state dictionary. */
  readonly name: string;
  /** Dtype and shape of the tensor. */
  readonly spec: TensorSpec;
  /** Absent if no name of the other side is near. */
  readonly nearest?: string;
}

/** How the names and shapes of a file differ from the expected ones. */
export interface StateDictDifference {
  /** Expected, and not in the file. */
  readonly missing: readonly UnmatchedName[];
  /** Tensors of the file that are not expected. */
  readonly unexpected: readonly UnmatchedName[];
  /** Tensors of both sides whose shapes differ. */
  readonly shapes: readonly TensorMismatch[];
  /** Tensors of both sides whose shapes are equal and whose dtypes differ. */
  readonly dtypes: readonly TensorMismatch[];
}

/**
 * Limit on the work of all comparisons (see `workOf`), about three seconds. ResNet-101 with all names changed
 * takes two.
 */
const MAX_WORK = 1e9;
const MAX_COMPARED_LENGTH = 200;

export type Specs = ReadonlyMap<string, TensorSpec>;

/** Files from before PyTorch counted batches lack these; they default to 0. */
export function mayBeMissing(name: string): boolean {
  return /(^|\.)num_batches_tracked$/.test(name);
}

/**
 * Compares the tensors that a network expects with those in a file.
 *
 * @param expected names, shapes and dtypes of the network
 * @param found names, shapes and dtypes of the file
 */
export function matchStateDict(expected: Specs, found: Specs): StateDictDifference {
  const absent = [...expected].filter(([name]) => !found.has(name) && !mayBeMissing(name));
  const surplus = [...found].filter(([name]) => !expected.has(name));
  const mismatches: TensorMismatch[] = [];
  for (const [name, spec] of expected) {
    const other = found.get(name);
    if (other) mismatches.push({ name, expected: spec, found: other });
  }
  const sameShape = ({ expected: a, found: b }: TensorMismatch): boolean =>
    a.shape.length === b.shape.length && a.shape.every((size, axis) => size === b.shape[axis]);
  return {
    missing: withNearest(absent, surplus),
    unexpected: withNearest(surplus, absent),
    shapes: mismatches.filter((pair) => !sameShape(pair)),
    dtypes: mismatches.filter((pair) => sameShape(pair) && pair.expected.dtype !== pair.found.dtype),
  };
}

function withNearest(
  names: readonly (readonly [string, TensorSpec])[],
  others: readonly (readonly [string, TensorSpec])[],
): UnmatchedName[] {
  const candidates = others.map(([name]) => name).filter((name) => name.length <= MAX_COMPARED_LENGTH);
  const compared = names.map(([name]) => name).filter((name) => name.length <= MAX_COMPARED_LENGTH);
  // Every name is compared with every other. A file with very many unmatched names is not a near miss.
  const comparable = candidates.length > 0 && workOf(compared) * workOf(candidates) <= MAX_WORK;
  return names.map(([name, spec]) => {
    const nearest = comparable && name.length <= MAX_COMPARED_LENGTH ? closest(name, candidates) : undefined;
    // A distance of more than half of the name is not a likely typo.
    const likely = nearest !== undefined && distance(name, nearest) <= name.length / 2;
    return { name, spec, nearest: likely ? nearest : undefined };
  });
}

/** A comparison costs the product of both lengths, plus a constant. */
function workOf(names: readonly string[]): number {
  return names.reduce((sum, name) => sum + name.length + 8, 0);
}

/** True if both sides match exactly. */
export function isEmptyDifference({ missing, unexpected, shapes, dtypes }: StateDictDifference): boolean {
  return missing.length + unexpected.length + shapes.length + dtypes.length === 0;
}

/**
 * Formats a difference as text, one line per tensor, and shortens long lists.
 *
 * @param limit maximum number of lines of each kind
 */
export function formatDifference(difference: StateDictDifference, limit = 20): string {
  const hint = (nearest?: string): string => (nearest === undefined ? '' : `  (nearest: ${nearest})`);
  const unmatched = ({ name, spec, nearest }: UnmatchedName): string =>
    `${name}  ${formatSpec(spec)}${hint(nearest)}`;
  const pair = ({ name, expected, found }: TensorMismatch): string =>
    `${name}  expected ${formatSpec(expected)}, found ${formatSpec(found)}`;
  return [
    ...formatLines('missing', difference.missing.map(unmatched), limit),
    ...formatLines('unexpected', difference.unexpected.map(unmatched), limit),
    ...formatLines('shape', difference.shapes.map(pair), limit),
    ...formatLines('dtype', difference.dtypes.map(pair), limit),
  ].join('\n');
}

function formatLines(kind: string, texts: readonly string[], limit: number): string[] {
  const lines = texts.slice(0, limit).map((text) => `  ${kind.padEnd(10)}  ${text}`);
  if (texts.length > limit) lines.push(`  ${kind.padEnd(10)}  … and ${texts.length - limit} more`);
  return lines;
}

function formatSpec({ dtype, shape }: TensorSpec): string {
  return `${dtype} [${shape.join(', ')}]`;
}
