import { writeFileAtomic } from '@inplace-abn/checkpoint';
import { ImageError, makeThumbnail } from '@inplace-abn/data';
import { type LabelTestResult, resultJson, type TestResult } from '../evaluation/result.js';
import { renderLabelPage } from './labels.js';
import { renderTestPage } from './page.js';
import type { NoPicture, Picture } from './worst.js';

/** Longer side of the pictures on the page, in pixels. */
const THUMBNAIL_SIDE = 128;

/** The result as JSON text, with one line per key and per element of long lists. */
export function testJson(result: TestResult | LabelTestResult): string {
  const lines = Object.entries(resultJson(result)).map(([key, value]) => {
    const elements = Array.isArray(value) ? value.map((each) => `\n  ${JSON.stringify(each)}`) : null;
    return ` ${JSON.stringify(key)}: ${elements ? `[${elements.join(',')}]` : JSON.stringify(value)}`;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** Writes the result as JSON, replacing an older file atomically. */
export async function writeTestJson(path: string, result: TestResult | LabelTestResult): Promise<void> {
  await writeFileAtomic(path, testJson(result));
}

/**
 * Writes the page of a test with embedded pictures of the worst images, which are read again. If one cannot
 * be read, the page shows the reason.
 *
 * @param maxPixels as the loader's
 */
export async function writeTestPage(
  path: string,
  result: TestResult | LabelTestResult,
  { maxPixels }: { maxPixels?: number } = {},
): Promise<void> {
  if ('labels' in result) return writeFileAtomic(path, renderLabelPage(result));
  const pictures: (Picture | NoPicture)[] = [];
  // Sequentially, because each is decoded completely.
  for (const { path: file, part } of result.worst) pictures.push(await pictureOf(file, { maxPixels, part }));
  await writeFileAtomic(path, renderTestPage(result, pictures));
}

async function pictureOf(
  file: string,
  options: NonNullable<Parameters<typeof makeThumbnail>[2]>,
): Promise<Picture | NoPicture> {
  try {
    const { type, data, width, height } = await makeThumbnail(file, THUMBNAIL_SIDE, options);
    return { url: `data:${type};base64,${Buffer.from(data).toString('base64')}`, width, height };
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
    return { reason: error.reason };
  }
}
