/** A page with samples of a data folder as training sees them. */
import { UsageError } from '@inplace-abn/core';
import { type Batch, encodeThumbnail, IGNORED, type Image, type Loader, type Rgb } from '@inplace-abn/data';
import { defaultClasses, type Override, type TrainConfig, taskOf } from '@inplace-abn/recipes';
import { escapeText, facts, renderPage } from '@inplace-abn/train';
import { configIn } from './label-map-parts.js';
import { openParts, type Part } from './parts.js';

export interface BrowseOptions {
  /** Images of each part. */
  readonly samples: number;
  /** Epoch whose augmentation is shown. */
  readonly epoch: number;
  readonly workers: number;
  readonly maxPixels?: number;
}

/** Images per batch. Both images of a mixed pair are in the same batch. */
const BATCH = 4;

/**
 * Loads the first images of an epoch and of validation as training would, and shows them.
 *
 * @param overrides values that replace those recognized without a configuration, which has its own already
 * @returns a self-contained HTML page
 * @throws UsageError if the folder cannot be trained on
 */
export async function browse(
  dir: string,
  given: TrainConfig | undefined,
  overrides: readonly Override[],
  { samples, epoch, ...reading }: BrowseOptions,
): Promise<string> {
  const config = given ?? (await configIn(dir, overrides));
  const { parts, problem } = await openParts(dir, config);
  if (problem !== undefined) throw new UsageError(problem);
  const fewest = Math.min(BATCH, ...parts.map(({ length }) => length));
  const optimizer = { ...config.optimizer, batch_size: fewest };
  const data = await taskOf({ ...config, optimizer }).openData(dir, { ...reading, once: true });
  const { mean, std } = config.input;
  const colors =
    data.colors ?? defaultClasses(Math.min(255, config.network.classes)).map(({ color }) => color);
  const shown = { mean, std, colors, classes: data.classes };
  const sections: string[] = [
    facts([
      ['folder', dir],
      ['task', config.task],
      ['epoch', String(epoch)],
      ...parts.map(({ name, length }): [string, string] => [name, `${length} images`]),
    ]),
  ];
  const [train, val] = parts;
  if (train) {
    const figures = await figuresOf(data.train, epoch, samples, {
      ...shown,
      part: train,
      sides: sidesOf(config.input.crop_train),
    });
    sections.push('<h2>Training, after augmentation</h2>', grid(figures));
  }
  if (val) {
    const figures = await figuresOf(data.val, 0, samples, {
      ...shown,
      part: val,
      sides: sidesOf(config.input.crop_val),
    });
    sections.push('<h2>Validation</h2>', grid(figures));
  }
  return renderPage(`Samples of ${dir}`, sections, STYLES);
}

const STYLES = [
  'body{max-width:1500px}',
  '.samples{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(12rem,100%),1fr));gap:1rem}',
  'figure{margin:0}figure img{display:block;width:100%;height:auto}figure img.small{image-rendering:pixelated}',
  'figcaption{font-size:.8rem;color:var(--soft);margin-top:.25rem;overflow-wrap:anywhere}',
];

interface Shown {
  readonly part: Part;
  readonly sides: { readonly width: number; readonly height: number };
  readonly mean: Rgb;
  readonly std: Rgb;
  readonly classes?: readonly string[];
  readonly colors: readonly Rgb[];
}

function sidesOf(crop: number | readonly [number, number]) {
  const [height, width] = typeof crop === 'number' ? [crop, crop] : crop;
  return { width, height };
}

async function figuresOf(loader: Loader, epoch: number, samples: number, shown: Shown): Promise<string[]> {
  const figures: string[] = [];
  for await (const batch of loader.epoch(epoch)) {
    const pictures = Array.from({ length: batch.size }, (_, row) => pictureOf(batch, row, shown));
    for (let row = 0; row < batch.size && figures.length < samples; row++) {
      figures.push(await figureOf(batch, row, pictures, shown));
    }
    batch.release();
    if (figures.length >= samples) break;
  }
  return figures;
}

function grid(figures: readonly string[]): string {
  return `<div class="samples">\n${figures.join('\n')}\n</div>`;
}

async function figureOf(
  batch: Batch,
  row: number,
  pictures: readonly Image[],
  shown: Shown,
): Promise<string> {
  const { part, classes } = shown;
  const own = pictures[row];
  const index = batch.indices[row] ?? -1;
  if (!own || index < 0) return '<figure><figcaption>cannot be read</figcaption></figure>';
  const { mix } = batch;
  const partner = mix?.partners[row] ?? row;
  const lambda = mix?.lambda[row] ?? 1;
  const other = pictures[partner];
  const mixed =
    mix && other && lambda < 1 ? mixedOf(own, other, lambda, mix.boxes.subarray(4 * row, 4 * row + 4)) : own;
  const nameOf = (at: number) => namesOf(batch, at, classes);
  const label =
    lambda < 1
      ? `${(100 * lambda).toFixed(0)} % ${nameOf(row)}, ${(100 - 100 * lambda).toFixed(0)} % ${nameOf(partner)}`
      : nameOf(row);
  const images = [
    await tag(mixed),
    ...(batch.targets ? [await tag(labelsOf(batch.targets, row, shown))] : []),
  ];
  const caption = [label, part.path(index)].filter(Boolean).map(escapeText).join('<br>');
  return `<figure>${images.join('')}<figcaption>${caption}</figcaption></figure>`;
}

/** The class of an image, or its labels. */
function namesOf({ labels, labelSets }: Batch, row: number, classes: readonly string[] = []): string {
  if (!labelSets) return classes[labels[row] ?? -1] ?? '';
  const width = labelSets.length / labels.length;
  return classes.filter((_, label) => labelSets[row * width + label] === 1).join(', ');
}

async function tag(image: Image): Promise<string> {
  const { type, data, width, height } = await encodeThumbnail(image);
  const small = width < 128 ? ' class="small"' : '';
  const source = `data:${type};base64,${Buffer.from(data).toString('base64')}`;
  return `<img${small} width="${width}" height="${height}" alt="" loading="lazy" src="${source}">`;
}

/** An image in the colors that the network sees, without normalization. */
function pictureOf({ images, color }: Batch, row: number, { sides, mean, std }: Shown): Image {
  const pixels = sides.width * sides.height;
  const data = new Uint8Array(3 * pixels);
  const [matrix, from] = [color.subarray(12 * row, 12 * row + 12), 3 * pixels * row];
  for (let at = 0; at < 3 * pixels; at += 3) {
    for (let channel = 0; channel < 3; channel++) {
      let sum = matrix[4 * channel + 3] ?? 0;
      for (let k = 0; k < 3; k++)
        sum += ((matrix[4 * channel + k] ?? 0) * (images[from + at + k] ?? 0)) / 255;
      data[at + channel] = toByte(sum * (std[channel] ?? 1) + (mean[channel] ?? 0));
    }
  }
  return { data, ...sides, channels: 3 };
}

function toByte(value: number): number {
  return Math.round(255 * Math.min(1, Math.max(0, value)));
}

/** Applies cutmix if the box is not empty, else mixup. */
function mixedOf(own: Image, other: Image, lambda: number, box: Int32Array): Image {
  const [top = 0, left = 0, bottom = 0, right = 0] = box;
  const data = new Uint8Array(own.data.length);
  for (let at = 0; at < data.length; at++) {
    const pixel = Math.floor(at / 3);
    const [x, y] = [pixel % own.width, Math.floor(pixel / own.width)];
    const [a, b] = [own.data[at] ?? 0, other.data[at] ?? 0];
    const inside = y >= top && y < bottom && x >= left && x < right;
    data[at] = bottom > top ? (inside ? b : a) : Math.round(lambda * a + (1 - lambda) * b);
  }
  return { ...own, data };
}

/** A label map in the colors of its classes; ignored pixels are black. */
function labelsOf(targets: Uint8Array, row: number, { sides, colors }: Shown): Image {
  const pixels = sides.width * sides.height;
  const data = new Uint8Array(3 * pixels);
  for (let at = 0; at < pixels; at++) {
    const id = targets[row * pixels + at] ?? IGNORED;
    if (id !== IGNORED) data.set(colors[id] ?? [0, 0, 0], 3 * at);
  }
  return { data, ...sides, channels: 3 };
}
