import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderChartSvg } from '../../src/page/chart.js';
import { renderReport } from '../../src/report/html.js';
import { renderMemoryMapSvg } from '../../src/report/memory-map.js';
import { writeReport } from '../../src/report/report.js';
import type { ReportData } from '../../src/report/types.js';
import type { MetricRecord } from '../../src/run-folder/metrics-log.js';
import { assertBalanced } from '../support/xml.js';
import { sampleMap } from './sample-map.js';

const bytes = { weights: 100e6, gradients: 100e6, optimizer: 100e6, activations: 720e6, workspace: 10e6 };
const metrics: MetricRecord[] = [
  { phase: 'train', epoch: 1, step: 1, loss: 2.3, top1: 10, top5: 50 },
  { phase: 'train', epoch: 1, step: 2, loss: Number.NaN, top1: 20, top5: 60 },
  { phase: 'val', epoch: 1, step: 2, loss: 2, top1: 30, top5: 70 },
];
const data: ReportData = {
  title: 'run <1> & "more"',
  facts: [['Top-1', '93 % <b>']],
  metrics,
  memory: { ours: bytes, ordinary: { ...bytes, activations: 1440e6 }, images: 16 },
  memoryMap: sampleMap(6, () => 8e6),
  skipped: [{ path: 'train/a/<x>.png', reason: 'unexpected end of file' }],
};

function count(text: string, part: string | RegExp): number {
  return text.split(part).length - 1;
}

describe('memory map', () => {
  it('draws one titled rectangle per buffer', () => {
    const map = sampleMap(10, () => 8e6);
    const svg = renderMemoryMapSvg(map);
    expect(count(svg, '<title>')).toBe(map.buffers.length);
    expect(assertBalanced(svg)).toBeGreaterThan(2 * map.buffers.length);
  });

  it('places rectangles by time and offset', () => {
    const svg = renderMemoryMapSvg(
      {
        arenaBytes: 100,
        instructions: [
          { op: 'conv2d', path: 'mod1.conv1' },
          { op: 'abn', path: 'mod1.bn1' },
          { op: 'loss', path: '' },
        ],
        peak: { instruction: 1, bytes: 100 },
        buffers: [
          {
            name: 'y',
            path: 'mod1.conv1',
            kind: 'activation',
            offset: 0,
            bytes: 50,
            start: 0,
            end: 2,
            inPlace: ['z'],
          },
          { name: 'tmp', path: 'mod1.bn1', kind: 'workspace', offset: 50, bytes: 50, start: 1, end: 1 },
        ],
      },
      { width: 380, height: 292 },
    );
    // The plot is 300 wide from x = 64 and 200 high from y = 52: 100 pixels per instruction, 2 per byte.
    expect(svg).toContain(
      '<rect x="64" y="152" width="300" height="100"><title>y in mod1.conv1: activation, 50 B at 0\nlive 0 (conv2d mod1.conv1) to 2 (loss)\nin place: z</title></rect>',
    );
    expect(svg).toContain('<rect x="164" y="52" width="100" height="100"><title>tmp in mod1.bn1: workspace');
    expect(svg).toMatch(/<line class="peak" x1="214" x2="214"/);
    expect(svg).toContain('>peak 100 B at 1 (abn mod1.bn1)</text>');
    expect(svg).toContain('>arena 100 B</text>');
  });

  it('shows buffers of a few bytes and omits empty ones', () => {
    const map = sampleMap(3, () => 8e6);
    const [first] = map.buffers;
    if (!first) throw new Error('the sample has buffers');
    const svg = renderMemoryMapSvg({
      ...map,
      buffers: [
        { ...first, bytes: 4 },
        { ...first, bytes: 0 },
      ],
    });
    expect(count(svg, '<title>')).toBe(1);
    expect(svg).toMatch(/<rect class="t" [^>]*height="0\.25">/);
  });

  it('stays below 250 bytes per buffer', () => {
    const map = sampleMap(80, (layer) => 8e6 + layer);
    expect(renderMemoryMapSvg(map).length).toBeLessThan(250 * map.buffers.length + 5000);
  });

  it('rejects buffers outside', () => {
    const map = sampleMap(3, () => 8e6);
    expect(() => renderMemoryMapSvg({ ...map, arenaBytes: 1 })).toThrow(
      /buffer images .* outside the arena of 1 bytes/,
    );
    expect(() => renderMemoryMapSvg({ ...map, instructions: [] })).toThrow(/outside the 0 instructions/);
  });

  it('draws an empty program', () => {
    const empty = { arenaBytes: 0, instructions: [], peak: { instruction: 0, bytes: 0 }, buffers: [] };
    expect(renderMemoryMapSvg(empty)).not.toMatch(/NaN|undefined|peak \d/);
  });
});

describe('chart', () => {
  const options = { title: 'Loss', xLabel: 'step', format: String };
  const draw = (points: { x: number; y: number }[]) =>
    renderChartSvg([{ name: 'a', color: 'activation', points, dots: true }], options);

  it('marks each point of a short series and skips non-finite ones', () => {
    const svg = draw([
      { x: 1, y: 1 },
      { x: 2, y: Number.NaN },
      { x: 3, y: 2 },
    ]);
    expect(count(svg, '<circle')).toBe(2);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it.each([0, 1])('draws %d points', (points) => {
    const svg = draw(Array.from({ length: points }, () => ({ x: 5, y: 3 })));
    expect(count(svg, '<circle')).toBe(points);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('averages a long series and keeps its extremes as a band', () => {
    const points = Array.from({ length: 100_000 }, (_, x) => ({ x, y: x % 2 }));
    const svg = renderChartSvg([{ name: 'a', color: 'input', points }], options);
    expect(svg.length).toBeLessThan(40_000);
    expect(svg).toContain('opacity=".18"');
  });

  it('sets its legend as one text element, so names cannot overlap swatches', () => {
    const names = ['train accuracy', 'mIoU'];
    const series = names.map(
      (name, i) => ({ name, color: i === 0 ? 'activation' : 'input', points: [] }) as const,
    );
    const svg = renderChartSvg(series, options);
    const [, legend = ''] =
      /<text class="soft" x="536" y="18" text-anchor="end">(.*?)<\/text>/.exec(svg) ?? [];
    expect(
      legend
        .replace(/<[^>]*>/g, ' ')
        .split(/ +/)
        .filter(Boolean)
        .join(' '),
    ).toBe('■ train accuracy ■ mIoU');
    expect(legend).not.toMatch(/<rect|<tspan[^>]* x=/);
  });

  it('ignores an outlier for the scale', () => {
    const points = Array.from({ length: 300 }, (_, x) => ({ x, y: x === 150 ? 1e9 : 2 }));
    expect(renderChartSvg([{ name: 'a', color: 'input', points }], options)).toContain('>2.5</text>');
  });
});

describe('report', () => {
  it('has every section and loads no external resources', () => {
    const html = renderReport(data);
    for (const heading of ['Curves', 'Memory', 'Memory map', 'Skipped images']) {
      expect(html).toContain(`<h2>${heading}</h2>`);
    }
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(
      /https?:|<script|<link|src=|url\(|@import/,
    );
    assertBalanced(html.replace('<!doctype html>', ''));
    expect(html).not.toMatch(/NaN|undefined/);
  });

  it('escapes external text', () => {
    const html = renderReport(data);
    expect(html).toContain('<h1>run &lt;1&gt; &amp; &quot;more&quot;</h1>');
    expect(html).toContain('<dd>93 % &lt;b&gt;</dd>');
    expect(html).toContain('train/a/&lt;x&gt;.png');
  });

  it('compares memory with ordinary batch norm', () => {
    const html = renderReport(data);
    const row = (name: string) =>
      new RegExp(`<td>${name}</td>(.*)</tr>`).exec(html)?.[1]?.replace(/<[^>]*>/g, '|');
    expect(row('Activations with their gradients')).toBe('|687 MiB||1.34 GiB||50 %|');
    expect(row('Total')).toBe('|982 MiB||1.63 GiB||59 %|');
    expect(row('Activations with their gradients, per image')).toBe('|42.9 MiB||85.8 MiB||50 %|');
  });

  it('shows the IoU of each class', () => {
    const classes = [
      { name: 'road', value: 12.345 },
      { name: '<sky>', value: Number.NaN },
    ];
    const html = renderReport({ title: 'run', facts: [], byClass: { measure: 'IoU', classes } });
    assertBalanced(html.replace('<!doctype html>', ''));
    expect(html).toContain('<h2>IoU by class</h2>');
    expect(html).toMatch(
      /<td>road<\/td><td><span class="bar"><i style="width:12.3%">.*<td class="n">12.35 %<\/td>/,
    );
    expect(html).toContain('<td>&lt;sky&gt;</td><td></td><td class="n">–</td>');
  });

  it('puts a long value on a separate line', () => {
    const html = renderReport({
      title: 'run',
      facts: [
        ['command', 'x'.repeat(60)],
        ['seed', '1'],
      ],
    });
    expect(html).toMatch(/<div class="wide"><dt>command<.*\n<div><dt>seed</);
  });

  it('omits sections without data', () => {
    expect(renderReport({ title: 'empty', facts: [] })).not.toContain('<h2>');
    expect(renderReport({ title: 'empty', facts: [], skipped: [] })).toContain('Every image could be read.');
  });

  it('replaces an older report', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'train-report-'));
    try {
      const path = join(folder, 'report.html');
      await writeReport(path, { title: 'old', facts: [] });
      await writeReport(path, data);
      expect(await readFile(path, 'utf8')).toBe(renderReport(data));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
