/** The most confident mistakes, as pictures. */
import { escapeText } from '@inplace-abn/train';
import type { TestResult, WrongImage } from '../evaluation/result.js';

/** A picture to embed. */
export interface Picture {
  /** data: URL. */
  readonly url: string;
  readonly width: number;
  readonly height: number;
}

/** Why there is no picture of an image. */
export interface NoPicture {
  readonly reason: string;
}

/** Pictures up to this side are enlarged without smoothing. */
const SMALL = 64;

export function worstSection(
  { worst, classes }: TestResult,
  pictures: readonly (Picture | NoPicture)[],
): string {
  if (worst.length === 0) return '';
  const nameOf = (label: number) => classes[label]?.name ?? '';
  const figures = worst.map((image, i) => figure(image, pictures[i], nameOf));
  return `<h2>The most confident mistakes</h2>
<div class="worst">
${figures.join('\n')}
</div>`;
}

function figure(
  image: WrongImage,
  picture: Picture | NoPicture | undefined,
  nameOf: (label: number) => string,
): string {
  const { file, predicted, label, probability, labelProbability } = image;
  const [wrong, right] = [nameOf(predicted), nameOf(label)].map(escapeText);
  return `<figure><div class="picture">${picture ? pictureOf(picture, file) : ''}</div>
<b>${wrong}</b> ${share(probability)}<br>is ${right} ${share(labelProbability)}<div class="file">${escapeText(file)}</div></figure>`;
}

function pictureOf(picture: Picture | NoPicture, file: string): string {
  if ('url' in picture) return img(picture, file);
  return `<span class="file">cannot be shown: ${escapeText(picture.reason)}</span>`;
}

function img({ url, width, height }: Picture, file: string): string {
  const longest = Math.max(width, height);
  const factor = longest <= SMALL ? Math.max(1, Math.floor(112 / longest)) : 1;
  const small = factor > 1 ? ' class="small"' : '';
  return `<img${small} width="${width * factor}" height="${height * factor}" alt="${escapeText(file)}" src="${url}">`;
}

/** Never rounds to certainty: `99.99 %`, `>99.99 %`, `0.01 %`, `<0.01 %`. */
function share(probability: number): string {
  const percent = 100 * probability;
  if (percent > 99.99) return '&gt;99.99 %';
  if (percent < 0.01) return '&lt;0.01 %';
  return `${percent.toFixed(2)} %`;
}
