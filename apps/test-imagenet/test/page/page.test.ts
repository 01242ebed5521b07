import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from 'fast-png';
import { describe, expect, it, onTestFinished } from 'vitest';
import { assertBalanced } from '../../../../packages/train/test/support/xml.js';
import type { ClassResult, TestResult } from '../../src/evaluation/result.js';
import type { ConfusionCell } from '../../src/evaluation/tally.js';
import { heatMapPixels } from '../../src/page/heat-map.js';
import { renderTestPage } from '../../src/page/page.js';
import { testJson, writeTestPage } from '../../src/page/write.js';

/** Classes of four images; the last image of each, except the first, is taken for the previous class. */
function sample(classes: number): TestResult {
  const confusion: ConfusionCell[] = [];
  for (let label = 0; label < classes; label++) {
    if (label > 0) confusion.push({ label, predicted: label - 1, count: 1 });
    confusion.push({ label, predicted: label, count: label > 0 ? 3 : 4 });
  }
  const each = (label: number): ClassResult => {
    return { label, name: `<${label}> & more`, images: 4, correct1: label > 0 ? 3 : 4, correct5: 4 };
  };
  return {
    arch: 'resnet18',
    precision: 'float32',
    checkpoint: 'runs/"a"/best.safetensors',
    crop: 24,
    scale: -1,
    tenCrops: true,
    data: 'data/val',
    images: 4 * classes,
    unreadable: [{ index: 3, path: 'data/val/<b>/3.png', reason: 'unexpected end of file' }],
    top1: 75.5,
    top5: 100,
    loss: 0.25,
    classes: Array.from({ length: classes }, (_, label) => each(label)),
    confusion,
    worst: [
      {
        index: 7,
        file: '<1>/7.png',
        path: 'data/val/<1>/7.png',
        label: 1,
        predicted: 0,
        rank: 2,
        loss: 12,
        probability: 0.999999,
        labelProbability: 0.000001,
      },
    ],
    seconds: 2,
  };
}

const PICTURES = [{ url: 'data:image/png;base64,AAAA', width: 28, height: 28 }];

describe('the page of a test', () => {
  it.each([2, 10, 40, 41, 1000])('is complete and self-contained for %i classes', (classes) => {
    const html = renderTestPage(sample(classes), PICTURES);
    expect(assertBalanced(html)).toBeGreaterThan(50);
    expect(html).not.toMatch(/(src|href)="(?!data:)|<script|url\(/);
    expect(html).not.toContain('<1>');
    expect(html.length).toBeLessThan(400_000);
  });

  it('describes the tested network and the settings', () => {
    const html = renderTestPage(sample(10), PICTURES);
    expect(html).toContain('<h1>resnet18: top-1 75.50 % of 40 images</h1>');
    expect(html).toContain('<dd>not resized, ten crops of 24×24</dd>');
    expect(html).toContain('<dd>40 (1 more cannot be read)</dd>');
    expect(html).toContain('data/val/&lt;b&gt;/3.png');
  });

  it('draws each cell of few classes, with its count', () => {
    const html = renderTestPage(sample(10), PICTURES);
    expect(html.match(/<rect class="(right|wrong)"/g)?.length).toBe(19);
    expect(html).toContain('&lt;3&gt; &amp; more taken for &lt;2&gt; &amp; more: 1 of 4 (25.0 %)');
    expect(html).not.toContain('class="heat"');
  });

  it('shows the worst images with probabilities that are never rounded to certainty', () => {
    const html = renderTestPage(sample(10), PICTURES);
    expect(html).toContain('<b>&lt;0&gt; &amp; more</b> &gt;99.99 %<br>is &lt;1&gt; &amp; more &lt;0.01 %');
    expect(html).toContain('<img class="small" width="112" height="112" alt="&lt;1&gt;/7.png"');
  });

  it('says if no image is wrong', () => {
    const all = sample(1);
    expect(renderTestPage({ ...all, worst: [] }, [])).toContain('Every image was classified correctly.');
  });

  it('embeds a heat map of many classes', () => {
    const html = renderTestPage(sample(1000), PICTURES);
    const png = /class="heat"[^>]*src="data:image\/png;base64,([^"]+)"/.exec(html)?.[1] ?? '';
    expect(decode(Buffer.from(png, 'base64'))).toMatchObject({ width: 334, height: 334, channels: 4 });
    expect(html).toContain('Each cell covers 3×3 classes.');
  });
});

describe('a heat map', () => {
  const pixel = (data: Uint8Array, cells: number, row: number, column: number) => [
    ...data.subarray(4 * (row * cells + column), 4 * (row * cells + column) + 4),
  ];

  it('colors right and wrong by their share of the row', () => {
    const { cells, classesPerCell, data } = heatMapPixels(sample(50));
    expect({ cells, classesPerCell }).toEqual({ cells: 50, classesPerCell: 1 });
    expect(pixel(data, cells, 0, 0)).toEqual([47, 111, 194, 255]);
    expect(pixel(data, cells, 7, 6)).toEqual([217, 120, 45, Math.round(255 * (0.15 + 0.85 * 0.5))]);
    expect(pixel(data, cells, 6, 7)).toEqual([0, 0, 0, 0]);
  });

  it('adds up the classes that share a cell', () => {
    // 401 classes: two per cell. Cell (1, 0) holds class 2 taken for class 1: one image of eight.
    const { cells, data } = heatMapPixels(sample(401));
    expect(cells).toBe(201);
    expect(pixel(data, cells, 1, 0)[3]).toBe(Math.round(255 * (0.15 + 0.85 * Math.sqrt(1 / 8))));
    expect(pixel(data, cells, 1, 1)[3]).toBe(Math.round(255 * (0.15 + 0.85 * Math.sqrt(7 / 8))));
  });
});

describe('the JSON of a test', () => {
  it('has one element per line', () => {
    const text = testJson(sample(3));
    expect(JSON.parse(text)).toMatchObject({
      crops: 10,
      images: 12,
      confusion: [
        [0, 0, 4],
        [1, 0, 1],
        [1, 1, 3],
        [2, 1, 1],
        [2, 2, 3],
      ],
      unreadable: [{ path: 'data/val/<b>/3.png', reason: 'unexpected end of file' }],
      worst: [{ file: '<1>/7.png', label: 1, predicted: 0 }],
    });
    expect(text.split('\n')).toContain('  [1,0,1],');
  });
});

describe('writeTestPage', () => {
  it('shows the reason instead of an unreadable image', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'test-page-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const result = sample(2);
    const [mistake] = result.worst;
    if (!mistake) throw new Error('the sample has a mistake');
    const pixels = { width: 3, height: 2, channels: 1, data: new Uint8Array(6) } as const;
    await writeFile(join(folder, 'whole.png'), encode(pixels));
    await writeFile(join(folder, 'torn.png'), encode(pixels).subarray(0, 40));
    const worst = ['torn', 'whole'].map((name) => ({ ...mistake, path: join(folder, `${name}.png`) }));
    await writeTestPage(join(folder, 'page.html'), { ...result, worst });
    const html = await readFile(join(folder, 'page.html'), 'utf8');
    assertBalanced(html);
    expect(html.match(/<figure>/g)).toHaveLength(2);
    expect(html.match(/cannot be shown: [^<]/g)).toHaveLength(1);
    expect(html.match(/<img class="small" width="111"/g)).toHaveLength(1);
  });
});
