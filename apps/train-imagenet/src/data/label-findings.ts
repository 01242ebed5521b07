/** Collects the problems of label maps and counts the pixels of each class. */
import { IGNORED, type ImageFacts, type LabelFacts, type PixelCount } from '@inplace-abn/data';
import { reasonWithOption } from '@inplace-abn/recipes';
import { type Listing, MOST_LISTED } from './equal-files.js';

/** A label map that cannot be used. */
export interface BadLabels {
  readonly file: string;
  readonly reason: string;
}

/** Pixels of the label maps of one part. */
export interface PartPixels {
  readonly name: string;
  readonly classes: Readonly<Record<string, number>>;
  /** Pixels with the ignored class. */
  readonly ignored: number;
}

/** Label maps of a check. */
export interface LabelReport {
  readonly pixels: readonly PartPixels[];
  /**
   * Label maps that cannot be read, differ in size from their image, or have ids that are not classes.
   */
  readonly bad: Listing<BadLabels>;
}

/** Sums over label maps. */
export class LabelFindings {
  private readonly bad: Listing<BadLabels> = { count: 0, first: [] };
  private readonly pixels: readonly Float64Array[];

  constructor(
    private readonly parts: readonly { readonly name: string }[],
    private readonly classes: readonly string[],
  ) {
    this.pixels = parts.map(() => new Float64Array(IGNORED + 1));
  }

  add(part: number, file: string, image: ImageFacts, labels: LabelFacts): void {
    const counts = this.pixels[part];
    for (const [id, pixels] of counts ? labels.classes : []) {
      if (counts && (id < this.classes.length || id === IGNORED)) counts[id] = (counts[id] ?? 0) + pixels;
    }
    const reason = labels.failure ? describe(labels.failure) : this.faultOf(image, labels);
    if (reason === undefined) return;
    this.bad.count++;
    if (this.bad.first.length < MOST_LISTED) this.bad.first.push({ file, reason });
  }

  report(): LabelReport {
    this.bad.first.sort((a, b) => (a.file < b.file ? -1 : 1));
    const pixels = this.parts.map(({ name }, part) => ({
      name,
      classes: Object.fromEntries(this.classes.map((label, id) => [label, this.pixels[part]?.[id] ?? 0])),
      ignored: this.pixels[part]?.[IGNORED] ?? 0,
    }));
    return { pixels, bad: this.bad };
  }

  private faultOf(image: ImageFacts, { width, height, classes, unknown }: LabelFacts): string | undefined {
    const beyond = classes.filter(([id]) => id >= this.classes.length && id !== IGNORED);
    const faults: string[] = [];
    if (!image.failure && (width !== image.width || height !== image.height)) {
      faults.push(`it has ${width}×${height} pixels, but its image has ${image.width}×${image.height}`);
    }
    if (unknown.length > 0) faults.push(`ids without a class: ${listCounts(unknown)}`);
    if (beyond.length > 0)
      faults.push(`ids beyond the ${this.classes.length} classes: ${listCounts(beyond)}`);
    return faults.length > 0 ? faults.join('; ') : undefined;
  }
}

function describe(failure: NonNullable<LabelFacts['failure']>): string {
  const palette =
    failure.code === 'colored-labels' ? '; name the colors of the classes with data.palette' : '';
  return `${reasonWithOption(failure)}${palette}`;
}

/** `34 (1,200 pixels), 35 (1 pixel) and 3 more` */
function listCounts(counts: readonly PixelCount[]): string {
  const shown = counts
    .slice(0, 5)
    .map(([id, pixels]) => `${id} (${pixels.toLocaleString('en')} ${pixels === 1 ? 'pixel' : 'pixels'})`);
  return shown.join(', ') + (counts.length > 5 ? ` and ${counts.length - 5} more` : '');
}
