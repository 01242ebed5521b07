/**
 * examples/training-page trains in Chromium, in a worker, where there is a Chromium and the addon in
 * WebAssembly.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
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

const WASM = fileURLToPath(new URL('../../native/build-wasm/inplace_abn.wasm', import.meta.url));
const SAMPLES = 256;
const browser = chromium();
/** Shows the page, and sends what it shows in the end. */
const WATCH = `<iframe></iframe><script>
  const frame = document.querySelector('iframe');
  frame.src = 'index.html' + location.search;
  const timer = setInterval(() => {
    const { body } = frame.contentDocument;
    if (!body || !(body.dataset.done || body.textContent.includes('That did not work'))) return;
    clearInterval(timer);
    fetch('shown', { method: 'POST', body: body.outerHTML });
  }, 100);
</script>`;

/** Images of 28×28 that are brighter the higher their label, in the files of Fashion-MNIST. */
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
  it('trains in Chromium, and shows its memory and its result', async () => {
    const folder = await newFolder('training-page');
    // The browser's other processes write for a moment after it has ended.
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
    writeFileSync(path.join(page, 'watch.html'), WATCH);
    const { port } = server.address() as AddressInfo;
    const settings = `samples=${SAMPLES}&batch=16&epochs=3&width=0.125`;
    const profile = `--user-data-dir=${path.join(folder, 'profile')}`;
    const child = spawn(
      browser ?? '',
      [...HEADLESS, '--remote-debugging-port=0', profile, `http://127.0.0.1:${port}/watch.html?${settings}`],
      {
        stdio: 'ignore',
      },
    );
    const ended = once(child, 'exit');
    const html = await Promise.race([shown, ended.then(() => 'Chromium has ended')]);
    child.kill('SIGKILL');
    await ended;
    expect(html).toMatch(/<svg [^>]*class="memory-map"/);
    expect(html).toMatch(/train, batch 16: [\d.]+ MiB/);
    expect(html).not.toContain('That did not work');
    const [, loss = '', top1 = ''] =
      /last epoch: loss ([\d.]+), top-1 ([\d.]+) %; validation: loss [\d.]+/.exec(html) ?? [];
    expect(Number(loss)).toBeLessThan(Math.log(10));
    expect(Number(top1)).toBeGreaterThan(20);
  });
});
