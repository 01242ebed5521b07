/** Recognizes the network of a file by the names and shapes of its tensors. */
import type { TensorSpec } from '@inplace-abn/checkpoint';
import { UsageError } from '@inplace-abn/core';
import {
  type AnyNetworkOptions,
  ARCHITECTURES,
  createNetwork,
  type Network,
  takesOption,
} from '@inplace-abn/models';
import { normLayers } from '../norms/layers.js';
import { LIBRARIES, type Library, NAMINGS } from './libraries.js';
import { namesIn } from './names.js';

export type Specs = ReadonlyMap<string, TensorSpec>;

/** A network of the zoo. */
export interface ZooNetwork {
  /** Architecture, as `createNetwork` names it. */
  readonly arch: string;
  /** Options of the network, except its normalization. */
  readonly options: Omit<AnyNetworkOptions, 'normAct'>;
}

/** The recognized network of a file, and the library of its names. */
export interface Recognized extends ZooNetwork {
  /** The library whose names the file has. */
  readonly library: Library;
  /** Common prefix of all names, which was removed; usually empty. */
  readonly prefix: string;
}

/** Options of recognizing the network of a file. */
export interface RecognizeOptions {
  /** Name of the file in errors. */
  readonly source: string;
  /** Considers only the names of this library; default all. */
  readonly library?: Library;
  /** Considers only this architecture; default all. */
  readonly arch?: string;
}

/** Builds a network with arbitrary normalization layers, for its names and shapes. */
const SHAPES = normLayers('standard', 'identity', 0.01);

/**
 * Finds the network with exactly the names and shapes of a file, with any number of classes and any width.
 *
 * Names and shapes do not determine everything. Options that change neither, such as the position of a stride
 * in a bottleneck, are assumed to be torchvision's.
 *
 * @throws UsageError, code ERR_OTHER_NETWORK, with the nearest network and the first tensor that differs from
 * it
 */
export function recognize(found: Specs, { source, library, arch }: RecognizeOptions): Recognized {
  if (arch !== undefined && !ARCHITECTURES.includes(arch)) {
    throw new UsageError(`there is no architecture ${arch}: expected one of ${ARCHITECTURES.join(', ')}`);
  }
  const { prefix, specs } = withoutPrefix(found);
  refuseKnown(specs, source);
  let best: Candidate | null = null;
  let most = -1;
  for (const known of arch ? [arch] : ARCHITECTURES) {
    for (const names of library ? [library] : librariesOf(specs)) {
      for (const candidate of candidatesOf(known, names, specs, most)) {
        if (isExact(candidate, specs)) return { ...candidate.network, library: names, prefix };
        if (candidate.matching <= most) continue;
        best = candidate;
        most = candidate.matching;
      }
    }
  }
  throw new UsageError(`${source} ${differenceOf(best, specs)}`, { code: 'ERR_OTHER_NETWORK' });
}

/** Describes a recognized network: `torchvision's resnet50 for 1000 classes`. */
export function describeNetwork({ library, arch, options, ...parts }: Omit<Recognized, 'prefix'>): string {
  const { classes = 0, width = 1, input3x3, stem } = options;
  const details = [
    ...('segmentation' in parts ? ['with DeepLabV3'] : []),
    ...(width === 1 ? [] : [`of ${Number(width.toPrecision(3))} times the width`]),
    ...(input3x3 ? ['with three 3×3 convolutions in the stem'] : []),
    ...(stem === 'small' ? ['with a stem for small images'] : []),
    classes > 0 ? `for ${classes} classes` : 'without a classifier',
  ];
  return `${library}'s ${arch} ${details.join(' ')}`;
}

interface Candidate {
  readonly network: ZooNetwork;
  readonly library: Library;
  /** Tensors by the library's names. */
  readonly expected: Specs;
  /** Number of tensors that the file has with the same shape. */
  readonly matching: number;
}

/** The first tensor of a network, by the libraries' names. */
const STEMS: Readonly<Record<Library, readonly string[]>> = {
  upstream: ['mod1.conv1.weight', 'body.conv1.0.weight'],
  torchvision: NAMINGS.filter(({ libraries }) => libraries.includes('torchvision')).map(({ stem }) => stem),
  timm: NAMINGS.filter(({ libraries }) => libraries.includes('timm')).map(({ stem }) => stem),
};

/** Libraries whose first tensor is in the file; the first of two with the same names. */
function librariesOf(found: Specs): Library[] {
  const stems = new Set<string>();
  return LIBRARIES.filter((library) => {
    const stem = STEMS[library].find((name) => found.has(name));
    if (stem === undefined || stems.has(stem)) return false;
    stems.add(stem);
    return true;
  });
}

/** @param least leaves out candidates that cannot match this many tensors */
function* candidatesOf(arch: string, library: Library, found: Specs, least: number): Generator<Candidate> {
  const stem = STEMS[library].find((name) => found.has(name));
  if (stem === undefined) return;
  for (const options of variantsOf(arch, library)) {
    const names = wholeOf(arch, library, options);
    if (!names?.has(stem) || [...names.keys()].filter((name) => found.has(name)).length < least) continue;
    for (const width of widthsOf(names, found, stem)) {
      const sized = { ...options, classes: classesIn(found), ...(width === 1 ? {} : { width }) };
      const expected = namesOf(library, createNetwork(arch, { normAct: SHAPES, ...sized }));
      if (!expected) continue;
      const matching = [...expected].filter(([name, spec]) => sameShape(spec, found.get(name))).length;
      yield { network: { arch, options: sized }, library, expected, matching };
    }
  }
}

/** Results of `wholeOf` by its arguments, because every file is compared with the same networks. */
const wholes = new Map<string, Specs | null>();

/** A network's tensors at width 1, for one class; null if the library has no such network. */
function wholeOf(arch: string, library: Library, options: Omit<AnyNetworkOptions, 'normAct'>): Specs | null {
  const key = JSON.stringify([arch, library, options]);
  const known = wholes.get(key);
  if (known !== undefined) return known;
  const names = namesOf(library, createNetwork(arch, { normAct: SHAPES, classes: 1, ...options }));
  wholes.set(key, names);
  return names;
}

/**
 * Widths that could give the channels of a file: exact ratios to the network's channels, and the roundest
 * number that gives the widest layer after rounding.
 */
function widthsOf(names: Specs, found: Specs, stem: string): Set<number> {
  const channelsOf = (name: string) =>
    [names.get(name)?.shape[0] ?? 1, found.get(name)?.shape[0] ?? 1] as const;
  const [base, channels] = channelsOf(stem);
  let [most, widest] = [0, stem];
  for (const [name, { shape }] of names) {
    const own = shape.length === 4 && found.has(name) ? (shape[0] ?? 0) : 0;
    if (own > most) [most, widest] = [own, name];
  }
  const [full, scaled] = channelsOf(widest);
  const rounded = [1, 2, 3]
    .map((digits) => Number((scaled / full).toFixed(digits)))
    .find((width) => Math.round(full * width) === scaled);
  return new Set([channels / base, scaled / full, ...(rounded ? [rounded] : [])]);
}

/** Options that change names or shapes; other libraries lack them. */
function variantsOf(arch: string, library: Library): Omit<AnyNetworkOptions, 'normAct'>[] {
  if (library !== 'upstream') return [{}];
  const stems = [{}, { stem: 'small' }] as const;
  return takesOption(arch, 'input3x3')
    ? stems.flatMap((stem) => [stem, { ...stem, input3x3: true }])
    : [...stems];
}

/** A network's tensors by the library's names; null if it has no such network. */
function namesOf(library: Library, network: Network): Specs | null {
  try {
    const names = namesIn(library, network);
    return new Map(
      network.namedStates().map(({ name, shape, dtype }) => [names.get(name) ?? name, { shape, dtype }]),
    );
  } catch (error) {
    if (error instanceof UsageError && error.code === 'ERR_NAMES') return null;
    throw error;
  }
}

const CLASSIFIERS = ['classifier.fc.weight', 'head.fc.weight', 'fc.weight', 'classifier.weight'];

function classesIn(found: Specs): number {
  const name = CLASSIFIERS.find((classifier) => found.has(classifier));
  return (name === undefined ? undefined : found.get(name)?.shape[0]) ?? 0;
}

/** Current names, without a common prefix that no library uses. */
function withoutPrefix(found: Specs): { prefix: string; specs: Specs } {
  const stems = new Set(Object.values(STEMS).flat());
  let [prefix, specs] = ['', modern(found)];
  for (;;) {
    const [first = ''] = specs.keys();
    const start = first.slice(0, first.indexOf('.') + 1);
    const done = [...specs.keys()].some((name) => stems.has(name) || !name.startsWith(start));
    if (start === '' || done) return { prefix, specs };
    prefix += start;
    specs = modern(new Map([...specs].map(([name, spec]) => [name.slice(start.length), spec])));
  }
}

function modern(found: Specs): Specs {
  const changes = NAMINGS.flatMap((naming) => naming.modern ?? []);
  return new Map(
    [...found].map(([name, spec]) => [changes.reduce((text, change) => change(text), name), spec]),
  );
}

/** Networks that users will try but that compute something else than ours. */
const OTHERS: readonly (readonly [RegExp, string])[] = [
  [
    /^classifier\.0\.convs\./,
    "is torchvision's DeepLabV3, whose classifier.1 is a 3×3 convolution that the head here does not have, and whose dilations differ in the first block of a module",
  ],
  [
    /^conv1\.[036]\.weight$/,
    'is a ResNet with three convolutions in its stem (ResNet-C or -D), conv1.0 … conv1.6, which no network here has',
  ],
  [/^layer\d\.\d+\.se\./, 'is a ResNet with squeeze-and-excitation, layer1.0.se …, which no ResNet here has'],
];

function refuseKnown(specs: Specs, source: string): void {
  for (const [pattern, words] of OTHERS) {
    if (![...specs.keys()].some((name) => pattern.test(name))) continue;
    throw new UsageError(`${source} ${words}: it cannot be converted`, { code: 'ERR_OTHER_NETWORK' });
  }
}

function isOptional(name: string): boolean {
  return name.endsWith('.num_batches_tracked');
}

function isExact({ expected }: Candidate, found: Specs): boolean {
  return firstDifference(expected, found) === null;
}

/** The first tensor that is missing, has another shape or is unexpected; null if there is none. */
export function firstDifference(expected: Specs, found: Specs): string | null {
  const other = [...expected].find(
    ([name, spec]) => !sameShape(spec, found.get(name)) && !(isOptional(name) && !found.has(name)),
  );
  return other?.[0] ?? [...found.keys()].find((name) => !expected.has(name)) ?? null;
}

function differenceOf(best: Candidate | null, found: Specs): string {
  if (!best || best.matching === 0) {
    const first = [...found.keys()].slice(0, 3).join(', ');
    return `is of no network that is known here: its tensors are named ${first}${found.size > 3 ? ' …' : ''}`;
  }
  const { expected, matching } = best;
  const label = describeNetwork({ ...best.network, library: best.library });
  const absent = [...expected.keys()].filter((name) => !found.has(name) && !isOptional(name));
  const extra = [...found.keys()].filter((name) => !expected.has(name));
  const other = [...expected].find(([name, spec]) => found.has(name) && !sameShape(spec, found.get(name)));
  if (other) {
    const [name, { shape }] = other;
    return `is most like ${label} but differs from it first in ${name}, which is [${found.get(name)?.shape.join(', ')}] and would be [${shape.join(', ')}]`;
  }
  if (extra.length === 0)
    return `holds ${matching} of the ${expected.size} tensors of ${label}: the first that is missing is ${absent[0]}`;
  if (absent.length === 0) return `is most like ${label} but has more, first ${extra[0]}`;
  return `is most like ${label} but differs from it first in ${absent[0]}, for which it has ${extra[0]}`;
}

function sameShape({ shape }: TensorSpec, other: TensorSpec | undefined): boolean {
  return other?.shape.length === shape.length && shape.every((side, axis) => side === other.shape[axis]);
}
