/**
 * examples/training-page trains in a worker of Chromium, if there is a Chromium and the WebAssembly addon.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { chromium, HEADLESS } from '../../tools/vitest/chromium.js';
import { newFolder } from '../../tools/vitest/new-folder.js';
import { buildTrainingPage, serveFolder } from '../training-page/build.mjs';
import type { Report } from '../training-page/training.js';

const WASM = fileURLToPath(new URL('../../native/build-wasm/inplace_abn.wasm', import.meta.url));
const [SAMPLES, EPOCHS] = [256, 3];
/** Bytes to which buffers are rounded up, and by which linear memory grows. */
const [LINE, WASM_PAGE] = [64, 2 ** 16];
const browser = chromium();
/** Number of instructions that are checked; the training has more. */
const LOOKS = 1000;
/** Added to the page: once all reports have arrived, sends what the page showed for each. */
const WATCH = `<script>
  const seen = [];
  const attribute = (name) => document.querySelector(name)?.getAttribute('d') ?? '';
  worker.addEventListener('message', ({ data }) => {
    if (data.kind === 'instruction' && data.index !== null && seen.length > ${LOOKS}) return;
    const values = [...document.querySelectorAll('data')].map(({ value }) => Number(value));
    const hidden = document.querySelector('.cursor')?.style.display === 'none';
    seen.push({ report: data, values, hidden, cursor: attribute('.cursor'), used: attribute('.used') });
    if (data.kind !== 'end' && data.kind !== 'failure') return;
    fetch('shown', { method: 'POST', body: JSON.stringify({ html: document.body.outerHTML, seen }) });
  });
</script>`;

/** A report and the state of the page after it. */
interface Seen {
  readonly report: Report;
  /** Byte counts, in page order. */
  readonly values: readonly number[];
  readonly hidden: boolean;
  readonly cursor: string;
  readonly used: string;
}

/** Images of 28×28 in the file format of Fashion-MNIST, brighter for higher labels. */
function writeImages(folder: string): void {
  const labels = Uint8Array.from({ length: SAMPLES }, (_, i) => (i * 7) % 10);
  const pixels = Uint8Array.from({ length: SAMPLES * 784 }, (_, i) => {
    return 25 * (labels[Math.floor(i / 784)] ?? 0) + (i % 7);
  });
  const file = (header: number, data: Uint8Array) => gzipSync(Buffer.concat([Buffer.alloc(header), data]));
  writeFileSync(path.join(folder, 'train-images-idx3-ubyte.gz'), file(16, pixels));
  writeFileSync(path.join(folder, 'train-labels-idx1-ubyte.gz'), file(8, labels));
}

describe.skipIf(browser === undefined || !existsSync(WASM))('examples/training-page', () => {
  it('trains in Chromium, and shows the memory in use and the result', async () => {
    const folder = await newFolder('training-page');
    // The browser's other processes may write for a moment after it has ended.
    onTestFinished(() => rm(folder, { recursive: true, maxRetries: 20, retryDelay: 100 }));
    writeImages(folder);
    const page = path.join(folder, 'page');
    expect(await buildTrainingPage(page, folder)).toEqual([]);
    const server = await serveFolder(page, 0);
    onTestFinished(() => {
      server.close();
    });
    const shown = new Promise<string>((resolve) => {
      server.on('request', (request) => {
        if (request.method === 'POST') text(request).then(resolve, () => {});
      });
    });
    const index = readFileSync(path.join(page, 'index.html'), 'utf8');
    writeFileSync(path.join(page, 'watch.html'), index.replace('</body>', `${WATCH}</body>`));
    const { port } = server.address() as AddressInfo;
    const settings = `samples=${SAMPLES}&batch=16&epochs=${EPOCHS}&width=0.125&interval=0`;
    const profile = `--user-data-dir=${path.join(folder, 'profile')}`;
    const child = spawn(
      browser ?? '',
      [...HEADLESS, '--remote-debugging-port=0', profile, `http://127.0.0.1:${port}/watch.html?${settings}`],
      {
        stdio: 'ignore',
      },
    );
    const ended = once(child, 'exit');
    const sent = await Promise.race([shown, ended]);
    child.kill('SIGKILL');
    await ended;
    if (typeof sent !== 'string') return expect.fail('Chromium has ended');
    const { html, seen }: { html: string; seen: Seen[] } = JSON.parse(sent);
    expect(html).toMatch(/<svg [^>]*class="memory-map"/);
    expect(html).toMatch(/train, batch 16: [\d.]+ MiB/);
    expect(html).not.toContain('That did not work');
    const [, loss = '', top1 = ''] =
      /last epoch: loss ([\d.]+), top-1 ([\d.]+) %; validation: loss [\d.]+/.exec(html) ?? [];
    expect(Number(loss)).toBeLessThan(Math.log(10));
    expect(Number(top1)).toBeGreaterThan(20);
    expectLiveMap(seen);
  });
});

/** Expects the page to have shown each instruction of a step in turn, with the live bytes of the plan. */
function expectLiveMap(seen: readonly Seen[]): void {
  const plan = seen.map(({ report }) => report).find(({ kind }) => kind === 'plan');
  if (plan?.kind !== 'plan') throw new Error('the page has no plan');
  const { map, picture } = plan;
  const rectangles = rectanglesIn(picture);
  const positions = seen.flatMap(({ report, ...page }) => {
    return report.kind === 'instruction' ? [{ at: report.index, ...page }] : [];
  });
  const training = positions.filter(({ at }) => at !== null);
  expect(training.slice(0, map.instructions.length).map(({ at }) => at)).toEqual([
    ...map.instructions.keys(),
  ]);
  expect(new Set(training.map(({ cursor }) => cursor)).size).toBe(map.instructions.length);
  for (const { at, hidden, values, cursor, used } of training) {
    expect(hidden).toBe(false);
    const alive = map.buffers.filter(({ start, end }) => start <= Number(at) && Number(at) <= end);
    const bytes = alive.reduce((sum, buffer) => sum + LINE * Math.ceil(buffer.bytes / LINE), 0);
    const [inUse, peak, linear = 0] = values;
    expect([inUse, peak]).toEqual([bytes, map.peak.bytes]);
    expect(linear).toBeGreaterThan(map.arenaBytes);
    expect(linear % WASM_PAGE).toBe(0);
    // The marks lie on the rectangles of the picture that the cursor crosses.
    const x = Number(/^M([\d.]+) /.exec(cursor)?.[1]);
    const crossed = rectangles.filter(({ left, width }) => left < x && x < left + width);
    const ends = [...used.matchAll(/V([\d.]+)/g)].map(([, y]) => Number(y));
    expect(ends.toSorted()).toEqual(crossed.map(({ top }) => top).toSorted());
  }
  const evaluations = positions.filter(({ at }) => at === null);
  expect(evaluations).toHaveLength(EPOCHS);
  for (const { hidden } of evaluations) expect(hidden).toBe(true);
}

/** Positions of the buffers in a picture. */
function rectanglesIn(picture: string): { left: number; top: number; width: number }[] {
  const found = picture.matchAll(/<rect[^>]* x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"[^>]*><title>/g);
  return [...found].map(([, left, top, width]) => {
    return { left: Number(left), top: Number(top), width: Number(width) };
  });
}
