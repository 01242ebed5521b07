/** A network's state dictionary under the names of another library, and back. */
import { UsageError } from '@inplace-abn/core';
import { SegmentationNetwork } from '@inplace-abn/models';
import type { AnyModule } from '@inplace-abn/nn';
import { type Library, NAMINGS, type Naming, renamed } from './libraries.js';

/**
 * By our names of a network's parameters and buffers those that `library` has for them. The names say nothing
 * of options that leave them as they are, such as dilation.
 *
 * @throws UsageError, code ERR_NAMES, where the library has no such network
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
 * Tensors under the names that `library` has for them, in the order of the network. Throws as
 * {@link namesIn}.
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
  /** Under the network's names; those without a counterpart keep their own. */
  readonly tensors: ReadonlyMap<string, T>;
  /** Whose names they were. */
  readonly library: Library;
  /** The beginning that all of the file's names had and the network's have not; most often empty. */
  readonly prefix: string;
}

/**
 * Tensors of a file under the names of `network`: as they are, unless most of them have the names of another
 * library. For a segmentation network these are of a classification network, the names those of its body.
 * Where no name fits and all begin alike, as `backbone.conv1.weight` does, they are tried without that.
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

/** Names of today where a library changed them. */
export function modernNames<T>(tensors: ReadonlyMap<string, T>, { modern }: Naming): ReadonlyMap<string, T> {
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
