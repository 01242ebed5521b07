/**
 * The page of a folder of predictions: its classes, a table of the images, and each image in four pictures.
 */

import { bar, escapeText, facts, formatDuration, renderPage, threeDigits } from '@inplace-abn/train';
import { formatShare } from '../../segmentation/label-map.js';
import { GALLERY_FOLDER, outputPath } from '../output/files.js';
import type { GalleryRecord } from './record.js';
import { galleryStyles } from './styles.js';
import { THUMBNAILS, type ThumbnailKind } from './thumbnails.js';

/** Longest side of images that are shown pixel by pixel: columns are two to four times as wide. */
const SMALL = 128;
/** Classes that are named with an image; the others are a click away. */
const SHOWN_CLASSES = 12;

type Entry = readonly [name: string, value: string];

/**
 * The whole page as HTML. It loads the thumbnails in the gallery's folder, as they scroll into view, and
 * nothing else.
 *
 * @param records in the order of the page
 * @param more names and values for its head
 */
export function renderGallery(records: readonly GalleryRecord[], more: readonly Entry[]): string {
  const title = `Segmentation of ${records.length} ${records.length === 1 ? 'image' : 'images'}`;
  const sections = [
    facts([...more, ...factsOf(records)]),
    classSection(records),
    imageTable(records),
    records.length > 0 ? `<h2>Images</h2>\n${records.map(imageSection).join('\n')}` : '',
  ];
  return renderPage(title, sections, galleryStyles());
}

function factsOf(records: readonly GalleryRecord[]): Entry[] {
  if (records.length === 0) return [];
  const seconds = records.reduce((sum, each) => sum + each.seconds, 0);
  const confidence = mean(records.map((each) => each.meanConfidence));
  const ious = records.map((each) => each.scores?.meanIou ?? null).filter((value) => value !== null);
  const iou = mean(ious);
  return [
    ['computing time', `${formatDuration(seconds)} (${threeDigits(seconds / records.length)} s an image)`],
    ...(confidence === null ? [] : [['mean confidence', confidence.toFixed(3)] as const]),
    ...(iou === null
      ? []
      : [['mean IoU of an image', `${iou.toFixed(2)} % (${ious.length} with labels)`] as const]),
  ];
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? known.reduce((a, b) => a + b, 0) / known.length : null;
}

type ClassEntry = GalleryRecord['classes'][number];

/** The classes over all images, the largest first. */
function classSection(records: readonly GalleryRecord[]): string {
  const totals = new Map<string, ClassEntry & { images: number }>();
  for (const each of records.flatMap(({ classes }) => classes)) {
    const key = `${each.id} ${each.name}`;
    const { pixels, images } = totals.get(key) ?? { pixels: 0, images: 0 };
    totals.set(key, { ...each, pixels: pixels + each.pixels, images: images + 1 });
  }
  if (totals.size === 0) return '';
  const sorted = [...totals.values()].sort((a, b) => b.pixels - a.pixels || a.id - b.id);
  const all = sorted.reduce((sum, { pixels }) => sum + pixels, 0);
  const largest = sorted[0]?.pixels ?? 1;
  const rows = sorted.map((each) => {
    const share = escapeText(formatShare(each.pixels / all));
    return `<tr><td>${chip(each)}${escapeText(each.name)}</td><td>${bar((100 * each.pixels) / largest)}</td><td class="n">${share}</td><td class="n">${each.images}</td></tr>`;
  });
  return `<details><summary>Classes: ${sorted.length} occur</summary>
<table><tr><th>Class</th><th></th><th class="n">of all pixels</th><th class="n">images</th></tr>
${rows.join('\n')}
</table></details>`;
}

/** One line per image, with a link to it. */
function imageTable(records: readonly GalleryRecord[]): string {
  if (records.length < 2) return '';
  const scored = records.some(({ scores }) => scores);
  const names = ['size', 'seconds', 'confidence', 'classes', ...(scored ? ['mean IoU', 'pixels right'] : [])];
  const head = names.map((name) => `<th class="n">${name}</th>`).join('');
  const rows = records.map((each, index) => {
    const { file, width, height, seconds, meanConfidence, classes, scores } = each;
    const values = [
      `${width}×${height}`,
      threeDigits(seconds),
      meanConfidence?.toFixed(3) ?? '–',
      String(classes.length),
      ...(scored ? [perCent(scores?.meanIou), perCent(scores?.pixelAccuracy)] : []),
    ];
    const cells = values.map((value) => `<td class="n">${value}</td>`).join('');
    return `<tr><td class="name"><a href="#image-${index + 1}">${escapeText(fileName(file))}</a></td>${cells}</tr>`;
  });
  return `<details><summary>All images as a table</summary>
<table><tr><th>Image</th>${head}</tr>
${rows.join('\n')}
</table></details>`;
}

function imageSection(record: GalleryRecord, index: number): string {
  const { file, width, height, seconds, meanConfidence, scores } = record;
  const values = [
    `${width}×${height}`,
    `${threeDigits(seconds)} s`,
    ...(meanConfidence === null ? [] : [`mean confidence ${meanConfidence.toFixed(3)}`]),
    ...(scores
      ? [`mean IoU ${perCent(scores.meanIou)}`, `${perCent(scores.pixelAccuracy)} of the pixels right`]
      : []),
  ];
  return `<article id="image-${index + 1}">
<h3>${escapeText(fileName(file))}</h3>
<p class="soft">${values.join(' · ')}</p>
<div class="four">
${picture(record, 'photo', 'photograph')}
${picture(record, 'prediction', 'prediction')}
${picture(record, 'overlay', 'overlay')}
${picture(record, 'confidence', 'confidence (white: sure)')}
</div>
${chips(record)}
</article>`;
}

/** Path of the full-size file, if it was written. */
function fullSize({ name, outputs }: GalleryRecord, kind: ThumbnailKind): string | undefined {
  const output = kind === 'confidence' ? 'probability' : kind;
  return output !== 'photo' && outputs.includes(output) ? outputPath('', name, output) : undefined;
}

function picture(record: GalleryRecord, kind: ThumbnailKind, caption: string): string {
  const { name, file, thumbnail } = record;
  const source = url([GALLERY_FOLDER, `${name}${THUMBNAILS[kind]}`]);
  const alt = `${caption.replace(/ \(.*/, '')} of ${fileName(file)}`;
  const small = Math.max(thumbnail.width, thumbnail.height) <= SMALL ? ' class="small"' : '';
  const image = `<img${small} loading="lazy" width="${thumbnail.width}" height="${thumbnail.height}" alt="${escapeText(alt)}" src="${source}">`;
  const full = fullSize(record, kind);
  const shown = full === undefined ? image : `<a href="${url([full])}">${image}</a>`;
  return `<figure>${shown}<figcaption>${caption}</figcaption></figure>`;
}

function chips({ classes }: GalleryRecord): string {
  const all = classes.reduce((sum, { pixels }) => sum + pixels, 0);
  const items = classes.map((each) => {
    const share = escapeText(formatShare(each.pixels / all));
    return `<li>${chip(each)}${escapeText(each.name)} <span class="soft">${share}</span></li>`;
  });
  const list = (part: string[]) => `<ul class="chips">${part.join('')}</ul>`;
  const rest = items.slice(SHOWN_CLASSES);
  const more =
    rest.length > 0 ? `<details><summary>${rest.length} more</summary>${list(rest)}</details>` : '';
  return `${list(items.slice(0, SHOWN_CLASSES))}${more}`;
}

function chip({ color }: ClassEntry): string {
  return `<i class="chip" style="background:rgb(${color.join(',')})"></i>`;
}

function perCent(value: number | null | undefined): string {
  return typeof value === 'number' ? `${value.toFixed(2)} %` : '–';
}

function fileName(file: string): string {
  return file.split(/[\\/]/).at(-1) ?? file;
}

/** A relative URL of names with any characters. */
function url(names: readonly string[]): string {
  return escapeText(names.map(encodeURIComponent).join('/'));
}
