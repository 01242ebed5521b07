/**
 * Writes the gallery in an output folder: records and thumbnails of each image, and a page of all of them.
 */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@inplace-abn/checkpoint';
import type { Image } from '@inplace-abn/data';
import type { SegmentationClass } from '../../segmentation/classes.js';
import {
  type ConfidenceMap,
  checkSameSize,
  classOf,
  countClasses,
  type LabelMap,
  meanConfidence,
} from '../../segmentation/label-map.js';
import type { LabelsResult } from '../labels/labels-report.js';
import { GALLERY_FOLDER, type OutputKind, outputName, outputPath } from '../output/files.js';
import { renderGallery } from './page.js';
import { type GalleryRecord, parseRecord, recordText } from './record.js';
import { makeThumbnails, THUMBNAILS, type ThumbnailKind, type Thumbnails } from './thumbnails.js';

export interface GalleryImage {
  /** The photograph's file; outputs have its name without extension. */
  readonly file: string;
  readonly photo: Image;
  /** Both have the photograph's size. */
  readonly prediction: LabelMap;
  readonly confidence: ConfidenceMap;
  readonly classes: readonly SegmentationClass[];
  readonly seconds: number;
  /** With labels: percent, or null if they label nothing. */
  readonly scores?: Pick<LabelsResult, 'meanIou' | 'pixelAccuracy'>;
  /** Outputs of the image, which the page links to. */
  readonly outputs: readonly OutputKind[];
}

export interface GalleryOptions {
  /** Names and values for the head of the page. */
  readonly facts?: readonly (readonly [name: string, value: string])[];
}

export interface Gallery {
  /** Images on the page. */
  readonly images: number;
  /** JSON files in the gallery's folder that are not records. */
  readonly ignored: readonly string[];
}

/**
 * Writes an image's thumbnails, then its record, each atomically, so an image with a record is complete.
 *
 * @throws {UsageError} if the maps do not have the photograph's size
 */
export async function writeGalleryRecord(outDir: string, image: GalleryImage): Promise<void> {
  const { photo, prediction, confidence, classes } = image;
  checkSameSize('the photograph', photo, 'its class map', prediction);
  checkSameSize('the photograph', photo, 'its map of probabilities', confidence);
  await mkdir(join(outDir, GALLERY_FOLDER), { recursive: true });
  const thumbnails = await makeThumbnails(photo, prediction, confidence, classes);
  const record = recordOf(image, thumbnails);
  for (const kind of Object.keys(THUMBNAILS) as ThumbnailKind[]) {
    const path = join(outDir, GALLERY_FOLDER, `${record.name}${THUMBNAILS[kind]}`);
    await writeFileAtomic(path, thumbnails.files[kind]);
  }
  await writeFileAtomic(outputPath(outDir, record.name, 'record'), recordText(record));
}

function recordOf(image: GalleryImage, { width, height }: Thumbnails): GalleryRecord {
  const { file, photo, prediction, confidence, classes, seconds, scores, outputs } = image;
  const mean = meanConfidence(confidence);
  return {
    version: 1,
    name: outputName(file),
    file,
    width: photo.width,
    height: photo.height,
    seconds,
    meanConfidence: Number.isNaN(mean) ? null : mean,
    classes: countClasses(prediction).map(({ id, pixels }) => {
      const { name, color } = classOf(classes, id);
      return { id, name, color: [...color], pixels };
    }),
    scores: scores && { meanIou: scores.meanIou, pixelAccuracy: scores.pixelAccuracy },
    outputs: outputs.filter((kind) => kind !== 'record'),
    thumbnail: { width, height },
  };
}

/**
 * Writes OUT_DIR/index.html from all records in the folder, of this run and earlier ones. Processes that
 * share the folder may all call this when they are done; the last one includes every record.
 */
export async function buildGallery(outDir: string, options: GalleryOptions = {}): Promise<Gallery> {
  await mkdir(join(outDir, GALLERY_FOLDER), { recursive: true });
  let found = await readRecords(outDir);
  for (;;) {
    await writeFileAtomic(join(outDir, 'index.html'), renderGallery(found.records, options.facts ?? []));
    // This page may have replaced a more complete page of a process that finished in the meantime.
    const now = await readRecords(outDir);
    if (now.digest === found.digest) return { images: found.records.length, ignored: found.ignored };
    found = now;
  }
}

interface Found {
  readonly records: readonly GalleryRecord[];
  readonly ignored: readonly string[];
  /** Equal for equal content. */
  readonly digest: string;
}

async function readRecords(outDir: string): Promise<Found> {
  const folder = join(outDir, GALLERY_FOLDER);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  const texts: string[] = [];
  // In sequence, because reading all at once would exceed the limit of open files.
  for (const file of files) texts.push(await readFile(join(folder, file), 'utf8'));
  const parsed = texts.map(parseRecord);
  return {
    records: parsed.filter((record) => record !== undefined),
    ignored: files.filter((_, i) => parsed[i] === undefined),
    digest: texts.join('\0'),
  };
}
