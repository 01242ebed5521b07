import { writeFileAtomic } from '@inplace-abn/checkpoint';
import { makeThumbnail } from '@inplace-abn/data';
import { renderTestPage } from './page/page.js';
import { resultJson, type TestResult } from './result.js';

/** Longer side of the pictures on the page, in pixels. */
const THUMBNAIL_SIDE = 128;

/** The result as JSON text: a key a line, and an element a line of what lists classes, pairs and images. */
export function testJson(result: TestResult): string {
  const lines = Object.entries(resultJson(result)).map(([key, value]) => {
    const elements = Array.isArray(value) ? value.map((each) => `\n  ${JSON.stringify(each)}`) : null;
    return ` ${JSON.stringify(key)}: ${elements ? `[${elements.join(',')}]` : JSON.stringify(value)}`;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}

/** Writes the result as JSON; an older file is replaced as a whole. */
export async function writeTestJson(path: string, result: TestResult): Promise<void> {
  await writeFileAtomic(path, testJson(result));
}

/** Writes the page of a test, with the pictures of the worst images in it; they are read again for that. */
export async function writeTestPage(path: string, result: TestResult): Promise<void> {
  const pictures = await Promise.all(
    result.worst.map(async ({ path: file }) => {
      const { type, data, width, height } = await makeThumbnail(file, THUMBNAIL_SIDE);
      return { url: `data:${type};base64,${Buffer.from(data).toString('base64')}`, width, height };
    }),
  );
  await writeFileAtomic(path, renderTestPage(result, pictures));
}
