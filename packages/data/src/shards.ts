import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { DataError, ShardError } from './errors.js';
import { COMPRESSED_NAME, compareCodePoints, IMAGE_NAME, listFolder, listNames } from './folders.js';
import type { FilePart, LabeledImages } from './labeled-files.js';
import { permute, type Sampler } from './sampler.js';
import { placeOf, scanTar, type TarMember } from './tar.js';

const SHARD_NAME = /\.tar$/i;

/** A sample of a shard: members of equal names up to the first dot. */
interface Sample {
  readonly key: string;
  image?: TarMember;
  label?: number;
  /** The first of its members. */
  readonly first: TarMember;
}

/**
 * Images in tar archives, as WebDataset has them: members `KEY.jpg` (or another image) and `KEY.cls`, the
 * number of the class, one after the other. Other members are skipped.
 */
export class ShardedImages implements LabeledImages {
  private constructor(
    /** Folder of the archives. */
    readonly root: string,
    /** Names of the classes, in the order of their labels. */
    readonly classes: readonly string[],
    private readonly shards: readonly string[],
    /** Index of the first image of each shard, and the number of images. */
    private readonly starts: Int32Array,
    private readonly names: readonly string[],
    private readonly offsets: Float64Array,
    private readonly sizes: Uint32Array,
    private readonly labels: Int32Array,
  ) {}

  /**
   * Finds the images of all shards; their data is not read.
   *
   * @param pattern a folder with `.tar` files, or a name with a range, `train-{000000..000146}.tar`
   * @param classes class names; default: `0`, `1`, … up to the largest label
   * @throws ShardError naming shard, member and offset
   * @throws DataError if there are no shards
   */
  static async open(pattern: string, classes?: readonly string[]): Promise<ShardedImages> {
    const { root, shards } = await shardsOf(pattern);
    const names: string[] = [];
    const [offsets, sizes, labels]: [number[], number[], number[]] = [[], [], []];
    const starts = [0];
    const skipped: Skipped = { hidden: { count: 0 }, others: { count: 0 } };
    for (const shard of shards) {
      for (const { image, label } of samplesOf(join(root, shard), classes?.length, skipped)) {
        names.push(image.name);
        offsets.push(image.offset);
        sizes.push(image.size);
        labels.push(label);
      }
      starts.push(names.length);
    }
    if (names.length === 0) throw new DataError(`No images in the shards ${pattern}: ${whyNone(skipped)}.`);
    const most = labels.reduce((found, label) => Math.max(found, label), 0);
    return new ShardedImages(
      root,
      classes ?? Array.from({ length: most + 1 }, (_, label) => String(label)),
      shards,
      Int32Array.from(starts),
      names,
      Float64Array.from(offsets),
      Uint32Array.from(sizes),
      Int32Array.from(labels),
    );
  }

  get length(): number {
    return this.names.length;
  }

  /** Shard and member, for messages: `DIR/train-000001.tar:KEY.jpg`. */
  path(index: number): string {
    return join(this.root, this.relativePath(index));
  }

  relativePath(index: number): string {
    return `${this.shards[this.shardOf(index)]}:${this.names[index]}`;
  }

  label(index: number): number {
    this.shardOf(index);
    return this.labels[index] ?? 0;
  }

  /** Where the content of image `index` is. */
  part(index: number): FilePart {
    const file = join(this.root, this.shards[this.shardOf(index)] ?? '');
    return { file, offset: this.offsets[index] ?? 0, size: this.sizes[index] ?? 0 };
  }

  digest(): string {
    const hash = createHash('sha256');
    for (const [shard, file] of this.shards.entries()) {
      const [first, end] = [this.starts[shard] ?? 0, this.starts[shard + 1] ?? 0];
      if (first < end) hash.update(`${file}\0`);
      for (let index = first; index < end; index++) {
        hash.update(`${this.names[index]}\0${this.labels[index]}\0`);
      }
    }
    return hash.digest('hex');
  }

  /**
   * The order for training, a function of (seed, epoch): shards are permuted, then the images within each
   * `window` of that sequence, so that reading stays within a few shards at a time. No image occurs twice.
   */
  sampler(seed: number, window = SHUFFLE_WINDOW): Sampler {
    const { length, starts } = this;
    const order = (epoch: number) => {
      const shards = permute(
        Int32Array.from({ length: starts.length - 1 }, (_, shard) => shard),
        seed,
        epoch,
        0,
      );
      const sequence = new Int32Array(length);
      let at = 0;
      for (const shard of shards) {
        for (let index = starts[shard] ?? 0; index < (starts[shard + 1] ?? 0); index++)
          sequence[at++] = index;
      }
      for (let first = 0, block = 1; first < length; first += window, block++) {
        permute(sequence.subarray(first, first + window), seed, epoch, block);
      }
      return sequence;
    };
    return { length, order };
  }

  private shardOf(index: number): number {
    if (!(index >= 0 && index < this.length)) {
      throw new RangeError(`No image ${index} in the shards of ${this.root}, which have ${this.length}`);
    }
    let [low, high] = [0, this.shards.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.starts[middle] ?? 0) <= index) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Images that are shuffled together: about 0.4 GB of photographs. */
const SHUFFLE_WINDOW = 4096;

/** Labels from here on are treated as mistakes, because each class costs memory. */
const MOST_CLASSES = 1_000_000;

/**
 * Whether a name stands for shards: a range, an archive, or a folder of archives without images and folders.
 * Lists, indexes and hidden files may lie next to the archives.
 */
export async function isSharded(name: string): Promise<boolean> {
  if (RANGE.test(name) || SHARD_NAME.test(name) || COMPRESSED_NAME.test(name)) return true;
  const entries = await listFolder(name, 'data folder').catch(() => []);
  // An archive next to class folders or images is left over from unpacking them.
  if (entries.some(({ name: file, kind }) => kind === 'folder' || IMAGE_NAME.test(file))) return false;
  return entries.some(({ name: file }) => SHARD_NAME.test(file));
}

const RANGE = /^(.*)\{(\d+)\.\.(\d+)\}(.*)$/;

async function shardsOf(pattern: string): Promise<{ root: string; shards: string[] }> {
  if (COMPRESSED_NAME.test(pattern)) {
    throw new DataError(
      `The shards ${pattern} are compressed: decompress them to .tar files, in which an image can be read at its place.`,
    );
  }
  const folder = RANGE.test(pattern) || SHARD_NAME.test(pattern) ? dirname(pattern) : pattern;
  const entries = await listFolder(folder, 'folder of shards');
  const there = entries
    .filter(({ name, kind }) => kind === 'file' && SHARD_NAME.test(name))
    .map(({ name }) => name);
  const range = RANGE.exec(basename(pattern));
  const shards = range
    ? namesIn(range)
    : folder === pattern
      ? there.sort(compareCodePoints)
      : [basename(pattern)];
  const missing =
    range || folder !== pattern ? shards.filter((name) => !there.includes(name)) : gapsIn(shards);
  if (missing.length > 0) {
    const which = missing.length === 1 ? 'a shard is' : `${missing.length} shards are`;
    throw new DataError(`In ${folder} ${which} missing: ${listNames(missing)}.`);
  }
  return { root: folder, shards };
}

function namesIn([, before = '', first = '', last = '', after = '']: RegExpExecArray): string[] {
  if (Number(last) < Number(first)) {
    throw new DataError(`The range {${first}..${last}} of shards is empty: it ends before it begins.`);
  }
  const names: string[] = [];
  for (let number = Number(first); number <= Number(last); number++) {
    names.push(`${before}${String(number).padStart(first.length, '0')}${after}`);
  }
  return names;
}

/** Names that are missing between numbered ones. */
function gapsIn(names: readonly string[]): string[] {
  const gaps: string[] = [];
  for (const [i, name] of names.entries()) {
    const [here, next] = [/^(.*?)(\d+)(\.tar)$/i.exec(name), /^(.*?)(\d+)(\.tar)$/i.exec(names[i + 1] ?? '')];
    if (!here || !next || here[1] !== next[1] || here[2]?.length !== next[2]?.length) continue;
    for (let number = Number(here[2]) + 1; number < Number(next[2]); number++) {
      gaps.push(`${here[1]}${String(number).padStart(here[2]?.length ?? 0, '0')}${here[3]}`);
    }
  }
  return gaps;
}

interface Complete {
  readonly image: TarMember;
  readonly label: number;
}

interface Counted {
  count: number;
  /** The name of the first. */
  first?: string;
}

/** Members that belong to no sample. */
interface Skipped {
  readonly hidden: Counted;
  /** Neither images nor labels. */
  readonly others: Counted;
}

function skip(counted: Counted, { name }: TarMember): void {
  counted.count++;
  counted.first ??= name;
}

function whyNone({ hidden, others }: Skipped): string {
  const all = hidden.count + others.count;
  if (all === 0) return 'they have no members';
  const describe = ({ count, first }: Counted, kind: string) =>
    count === 0 ? [] : [`${count} ${count === 1 ? 'is' : 'are'} ${kind}, such as ${first}`];
  const reasons = [...describe(hidden, 'hidden'), ...describe(others, 'neither image nor label')];
  return `of ${all} members ${reasons.join('; ')}`;
}

function samplesOf(shard: string, classes: number | undefined, skipped: Skipped): Complete[] {
  const samples: Complete[] = [];
  const keys = new Set<string>();
  let sample: Sample | undefined;
  const finish = () => {
    if (!sample) return;
    const { key, first, image, label } = sample;
    if (keys.has(key))
      throw new ShardError(shard, `has the sample ${key} twice, the second time from ${placeOf(first)} on`);
    keys.add(key);
    if (image === undefined && label === undefined) return;
    const lacks = image === undefined ? 'no image' : label === undefined ? 'no label (.cls)' : '';
    if (image === undefined || label === undefined) {
      const dots = partsOf(first.name).ending.includes('.')
        ? '; the key of a sample ends at the first dot'
        : '';
      throw new ShardError(
        shard,
        `has ${lacks} for the sample ${key}, which begins with ${placeOf(first)}${dots}`,
      );
    }
    samples.push({ image, label });
  };
  scanTar(shard, (member, read) => {
    const { key, ending } = partsOf(member.name);
    // Skip hidden files and leftovers of other systems' archive programs.
    if (/(^|\/)(\.|__MACOSX\/)/.test(member.name)) {
      skip(skipped.hidden, member);
      return;
    }
    if (sample?.key !== key) {
      finish();
      sample = { key, first: member };
    }
    if (IMAGE_NAME.test(`.${ending}`)) sample.image = preferred(sample.image, member);
    else if (ending === 'cls') sample.label = labelIn(shard, member, read().toString().trim(), classes);
    else skip(skipped.others, member);
  });
  finish();
  return samples;
}

/** Of the images of a sample `KEY.jpg` instead of `KEY.depth.png`, else the first. */
function preferred(first: TarMember | undefined, other: TarMember): TarMember {
  const isPlain = ({ name }: TarMember) => !partsOf(name).ending.includes('.');
  return first === undefined || (isPlain(other) && !isPlain(first)) ? other : first;
}

/** `a/b.c.JPG` belongs to the sample `a/b` and has the ending `c.jpg`, in lower case as in WebDataset. */
function partsOf(name: string): { key: string; ending: string } {
  const [, key = name, ending = ''] = /^((?:.*\/)?[^./]*)\.([^/]*)$/.exec(name) ?? [];
  return { key, ending: ending.toLowerCase() };
}

function labelIn(shard: string, member: TarMember, text: string, classes = Number.POSITIVE_INFINITY): number {
  if (!/^\d+$/.test(text)) {
    throw new ShardError(
      shard,
      `${placeOf(member)} holds ${JSON.stringify(text.slice(0, 20))}, not the number of a class`,
    );
  }
  if (Number(text) < Math.min(classes, MOST_CLASSES)) return Number(text);
  if (classes > MOST_CLASSES) {
    throw new ShardError(
      shard,
      `${placeOf(member)} holds ${text.slice(0, 20)}, which is too large for the number of a class`,
    );
  }
  throw new ShardError(
    shard,
    `${placeOf(member)} is of class ${text}, but there are ${classes} classes, numbered from 0`,
  );
}
