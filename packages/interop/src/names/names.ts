/** Translates the names of a network's state dictionary to those of another library, and back. */
import { UsageError } from '@inplace-abn/core';
import { SegmentationNetwork } from '@inplace-abn/models';
import type { AnyModule } from '@inplace-abn/nn';
import { type Library, NAMINGS, type Naming, renamed } from './libraries.js';

/**
 * The library's names of a network's parameters and buffers, by our names. Options that do not change names,
 * such as dilation, are not checked.
 *
 * @throws UsageError, code ERR_NAMES, if the library has no such network
 */
export function namesIn(library: Library, network: AnyModule): Map<string, string> {
  const states = network.namedStates();
  if (library === 'upstream') return new Map(states.map(({ name }) => [name, name]));
  let first: string | undefined;
  for (const naming of NAMINGS) {
    if (!naming.libraries.includes(library)) continue;
    const names = namesBy(naming, network);
    if (names && hasMark(naming, network, names)) return names;
    first ??= states.find(({ name }) => renamed(name, naming) === null)?.name;
  }
  throw new UsageError(
    `${library} has no such network${first ? `: there is nothing like ${first} in its networks` : ''}`,
    { code: 'ERR_NAMES' },
  );
}

/**
 * Tensors under the library's names, in the order of the network.
 *
 * @throws UsageError as {@link namesIn} does
 */
export function namedAs<T>(
  library: Library,
  network: AnyModule,
  tensors: ReadonlyMap<string, T>,
): Map<string, T> {
  const result = new Map<string, T>();
  for (const [ours, theirs] of namesIn(library, network)) {
    const tensor = tensors.get(ours);
    if (tensor !== undefined) result.set(theirs, tensor);
  }
  return result;
}

/** Our names for the tensors of a file. */
export interface OwnNames<T> {
  /** Tensors under the network's names; others keep their names. */
  readonly tensors: ReadonlyMap<string, T>;
  /** The library of the file's names. */
  readonly library: Library;
  /** Common prefix of the file's names that the network's names lack; usually empty. */
  readonly prefix: string;
}

/**
 * Tensors of a file under the names of `network`. Names are translated if most of them are those of another
 * library. For a segmentation network, the file of a classification network gives the names of its body. If
 * no name matches and all have a common prefix, as in `backbone.conv1.weight`, they are tried without it.
 */
export function ownNames<T>(whole: AnyModule, tensors: ReadonlyMap<string, T>): OwnNames<T> {
  let [prefix, names] = ['', tensors];
  for (;;) {
    const { found, ...own } = namesUnder(whole, names);
    if (found > 0) return { ...own, prefix };
    const [first = ''] = names.keys();
    const start = first.slice(0, first.indexOf('.') + 1);
    if (start === '' || [...names.keys()].some((name) => !name.startsWith(start))) break;
    prefix += start;
    names = new Map([...names].map(([name, tensor]) => [name.slice(start.length), tensor]));
  }
  return { tensors, library: 'upstream', prefix: '' };
}

function namesUnder<T>(
  whole: AnyModule,
  tensors: ReadonlyMap<string, T>,
): Omit<OwnNames<T>, 'prefix'> & { readonly found: number } {
  const network = whole instanceof SegmentationNetwork ? whole.body : whole;
  const own = network.namedStates().filter(({ name }) => tensors.has(name)).length;
  let best: ReturnType<typeof namesUnder<T>> = { tensors, library: 'upstream', found: own };
  for (const naming of NAMINGS) {
    const names = namesBy(naming, network);
    if (!names || !hasMark(naming, network, names)) continue;
    const modern = modernNames(tensors, naming);
    const ours = new Map([...names].map(([name, theirs]) => [theirs, name]));
    const found = [...modern.keys()].filter((name) => ours.has(name)).length;
    if (found <= best.found) continue;
    const renamedTensors = new Map(
      [...modern].map(([name, tensor]) => [ours.get(name) ?? asClassifier(name, naming), tensor]),
    );
    best = { tensors: renamedTensors, library: naming.libraries[0] ?? 'upstream', found };
  }
  return best;
}

function asClassifier(name: string, { classifier: { ours, theirs } }: Naming): string {
  return name.startsWith(theirs) ? ours + name.slice(theirs.length) : name;
}

/** Replaces names that a library has changed by its current ones. */
function modernNames<T>(tensors: ReadonlyMap<string, T>, { modern }: Naming): ReadonlyMap<string, T> {
  return modern ? new Map([...tensors].map(([name, tensor]) => [modern(name), tensor])) : tensors;
}

function namesBy(naming: Naming, network: AnyModule): Map<string, string> | null {
  const names = new Map<string, string>();
  for (const { name } of network.namedStates()) {
    const theirs = renamed(name, naming);
    if (theirs === null) return null;
    names.set(name, theirs);
  }
  return names;
}

function hasMark({ mark }: Naming, network: AnyModule, names: ReadonlyMap<string, string>): boolean {
  const state = network.namedStates().find(({ name }) => names.get(name) === mark.name);
  return state !== undefined && (mark.kernel === undefined || state.shape[2] === mark.kernel);
}
