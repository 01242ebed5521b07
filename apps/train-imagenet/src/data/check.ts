/** Reads every image of a data folder once and reports problems. */
import { type ImageFacts, inspectImages, type LabeledImages } from '@inplace-abn/data';
import { reasonWithOption } from '@inplace-abn/recipes';
import { equalFiles, type Listing, MOST_LISTED, type Twins } from './equal-files.js';
import { LabelFindings, type LabelReport } from './label-findings.js';
import type { Part, Parts } from './parts.js';

/** An image that cannot be read. */
export interface Unreadable {
  readonly file: string;
  readonly reason: string;
}

/** Sizes of images in pixels. */
export interface Sizes {
  readonly smallest: readonly [width: number, height: number];
  readonly largest: readonly [width: number, height: number];
  /** Median of the shorter side. */
  readonly median: number;
}

/** Counts of one part of the data. */
export interface PartReport {
  readonly name: string;
  readonly images: number;
  readonly bytes: number;
  /** Images of each class; null if the classes are unknown. */
  readonly classes: Readonly<Record<string, number>> | null;
}

/** The result of a check; `data check --json` prints it. */
export interface CheckReport {
  readonly folder: string;
  /**
   * Whether the data can be trained on: no problem, no unreadable image or unusable label map, and no file in
   * both parts or in several classes.
   */
  readonly ok: boolean;
  readonly problem?: string;
  readonly advice?: string;
  readonly notes: readonly string[];
  readonly parts: readonly PartReport[];
  readonly formats: Readonly<Record<string, number>>;
  readonly modes: Readonly<Record<string, number>>;
  readonly sizes: Sizes | null;
  /** Label maps, for segmentation. */
  readonly labels?: LabelReport;
  readonly unreadable: Listing<Unreadable>;
  /** Files with equal content within a part. */
  readonly duplicates: Listing<Twins>;
  /** Files with equal content in different classes. */
  readonly contradictions: Listing<Twins>;
  /** Files with equal content in both training and validation. */
  readonly leaks: Listing<Twins>;
  /** Images read; fewer than all if the check was stopped. */
  readonly read: number;
}

export interface CheckOptions {
  readonly workers?: number;
  readonly maxPixels?: number;
  readonly stopped?: () => boolean;
  /** Called after each image with how many were read. */
  readonly onRead?: (read: number) => void;
}

/** Checks the parts of a folder. Takes a few hundred bytes of memory per image, its name included. */
export async function check(folder: string, opened: Parts, options: CheckOptions = {}): Promise<CheckReport> {
  const { parts, classes, ...about } = opened;
  const found = new Findings(parts);
  const { place, ...images } = joined(parts);
  const { path } = images;
  const labels = classes && new LabelFindings(parts, classes);
  const { onRead = () => {}, ...reading } = options;
  const note = (index: number, facts: ImageFacts) => {
    found.add(index, place(index), path(index), facts);
    if (facts.labels) labels?.add(place(index).part, images.labelPath?.(index) ?? '', facts, facts.labels);
    onRead(found.read);
  };
  await inspectImages(images, note, reading);
  const lists = equalFiles(found.hashes, found.known, (index) => {
    const { part, at } = place(index);
    const { labeled, name } = parts[part] as Part;
    return {
      file: path(index),
      part: name,
      label: labeled
        ? labelsOf(labeled, at)
            .map((label) => labeled.classes[label] ?? '')
            .join(' ')
        : null,
    };
  });
  const labelReport = labels?.report();
  const faults = found.unreadable.count + lists.leaks.count + lists.contradictions.count;
  const ok = about.problem === undefined && faults + (labelReport?.bad.count ?? 0) === 0;
  return { folder, ok, ...about, ...found.summary(), ...(labelReport && { labels: labelReport }), ...lists };
}

interface Place {
  readonly part: number;
  /** Index within the part. */
  readonly at: number;
}

/** Concatenates all parts. */
function joined(parts: readonly Part[]) {
  const starts: number[] = [];
  let length = 0;
  for (const part of parts) {
    starts.push(length);
    length += part.length;
  }
  const place = (index: number): Place => {
    const part = starts.findLastIndex((start) => index >= start);
    return { part, at: index - (starts[part] ?? 0) };
  };
  const path = (index: number) => {
    const { part, at } = place(index);
    return (parts[part] as Part).path(at);
  };
  const part = (index: number) => {
    const { part: of, at } = place(index);
    return (parts[of] as Part).labeled?.part?.(at);
  };
  const [maps] = parts.flatMap((each) => each.maps ?? []);
  const labelPath = (index: number) => {
    const { part: of, at } = place(index);
    return (parts[of] as Part).maps?.labelPath(at) ?? '';
  };
  return { length, place, path, part, ...(maps && { labelPath, coding: maps.coding }) };
}

/** Sums over images, and a few numbers of each. */
class Findings {
  read = 0;
  /** Hash of each image's content, and whether it was read. */
  readonly hashes: BigUint64Array;
  readonly known: Uint8Array;
  readonly unreadable: Listing<Unreadable> = { count: 0, first: [] };
  private readonly formats = new Map<string, number>();
  private readonly modes = new Map<string, number>();
  private readonly bytes: Float64Array;
  private readonly shorter: Uint32Array;
  private smallest: readonly [number, number] | undefined;
  private largest: readonly [number, number] | undefined;

  constructor(private readonly parts: readonly Part[]) {
    const images = parts.reduce((sum, { length }) => sum + length, 0);
    this.hashes = new BigUint64Array(images);
    this.known = new Uint8Array(images);
    this.shorter = new Uint32Array(images);
    this.bytes = new Float64Array(parts.length);
  }

  add(index: number, { part }: Place, file: string, facts: ImageFacts): void {
    this.read++;
    this.bytes[part] = (this.bytes[part] ?? 0) + facts.bytes;
    if (facts.failure) {
      this.unreadable.count++;
      if (this.unreadable.first.length < MOST_LISTED) {
        this.unreadable.first.push({ file, reason: reasonWithOption(facts.failure) });
      }
      return;
    }
    this.hashes[index] = facts.hash;
    this.known[index] = 1;
    count(this.formats, facts.format);
    count(this.modes, facts.mode);
    const { width, height } = facts;
    this.shorter[index] = Math.min(width, height);
    if (!this.smallest || width * height < this.smallest[0] * this.smallest[1])
      this.smallest = [width, height];
    if (!this.largest || width * height > this.largest[0] * this.largest[1]) this.largest = [width, height];
  }

  summary() {
    const { read, unreadable, smallest, largest } = this;
    unreadable.first.sort((a, b) => (a.file < b.file ? -1 : 1));
    const sizes = smallest && largest ? { smallest, largest, median: medianOf(this.shorter) } : null;
    const parts = this.parts.map((part, i) => ({
      name: part.name,
      images: part.length,
      bytes: this.bytes[i] ?? 0,
      classes: part.labeled ? classCounts(part.labeled) : null,
    }));
    return { read, parts, formats: byCount(this.formats), modes: byCount(this.modes), sizes, unreadable };
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function byCount(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort((a, b) => b[1] - a[1]));
}

/** Median of the positive values. */
function medianOf(values: Uint32Array): number {
  const sorted = values.slice().sort();
  const first = sorted.findIndex((value) => value > 0);
  return sorted[Math.floor((first + sorted.length) / 2)] ?? 0;
}

/** The classes of an image. */
function labelsOf(images: LabeledImages, index: number): number[] {
  const set = images.labelSet?.(index);
  return set ? [...set] : [images.label(index)];
}

function classCounts(images: LabeledImages): Record<string, number> {
  const counts = new Uint32Array(images.classes.length);
  for (let index = 0; index < images.length; index++) {
    for (const label of labelsOf(images, index)) counts[label] = (counts[label] ?? 0) + 1;
  }
  return Object.fromEntries(images.classes.map((name, label) => [name, counts[label] ?? 0]));
}
