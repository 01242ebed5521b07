/** Every built example runs at a small size, and its source stays under 40 lines. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { afterAll, describe, expect, it } from 'vitest';
import { buildExample } from '../run/build.mjs';

const examples = fileURLToPath(new URL('..', import.meta.url));
const names = readdirSync(examples).flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -3)] : []));
const folder = mkdtempSync(path.join(tmpdir(), 'examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** 128 images of 28×28 in the file format of Fashion-MNIST, brighter for higher labels. */
function fashion(): string {
  const labels = Uint8Array.from({ length: 128 }, (_, i) => i % 10);
  const pixels = Uint8Array.from(
    { length: 128 * 784 },
    (_, i) => 20 * (labels[Math.floor(i / 784)] ?? 0) + (i % 7),
  );
  const file = (header: number, data: Uint8Array) => gzipSync(Buffer.concat([Buffer.alloc(header), data]));
  writeFileSync(path.join(folder, 'train-images-idx3-ubyte.gz'), file(16, pixels));
  writeFileSync(path.join(folder, 'train-labels-idx1-ubyte.gz'), file(8, labels));
  return folder;
}

/** Two classes of 8 gray images of 40×24, bright and dark. */
function images(): string {
  for (const [index, name] of ['bright', 'dark'].entries()) {
    mkdirSync(path.join(folder, 'images', name), { recursive: true });
    for (let i = 0; i < 8; i++) {
      const data = new Uint8Array(40 * 24).fill(200 - 150 * index + i);
      const png = encode({ width: 40, height: 24, channels: 1, depth: 8, data });
      writeFileSync(path.join(folder, 'images', name, `${i}.png`), png);
    }
  }
  return path.join(folder, 'images');
}

/** Arguments that make each example small, and its last output. */
const RUNS: Record<string, { args: () => string[]; prints: RegExp }> = {
  'custom-op': { args: () => ['100'], prints: /step 100: loss [\d.]+/ },
  'fine-tuning': { args: () => ['32'], prints: /(loss [\d.]+\s+){3}/ },
  'multi-label': { args: () => ['10'], prints: /probabilities/ },
  'nearest-neighbors': { args: () => ['16'], prints: /\d+ of 16 images/ },
  'own-data': { args: () => [images()], prints: /epoch 1, batch 0: loss [\d.]+, top-1/ },
  'own-network': { args: () => ['128', fashion()], prints: /epoch 2 [\d.]+ [\d.]+/ },
  'plan-only': { args: () => ['resnet18', '32', '110MB'], prints: /in 110MB: batch \d+/ },
  'quick-start': { args: () => [], prints: /loss: [\d.]+,[\s\S]*\[ 1, 10 \]/ },
  regression: { args: () => ['20'], prints: /the network says/ },
  'two-processes': { args: () => [], prints: /step 20: loss [\d.]+ of 16 images/ },
};

describe('examples', () => {
  it('are all run here', () => {
    expect(Object.keys(RUNS)).toEqual(names);
  });

  it.each(names)('%s runs, and is under 40 lines', async (name) => {
    expect(readFileSync(path.join(examples, `${name}.ts`), 'utf8').split('\n').length).toBeLessThanOrEqual(
      40,
    );
    const { args, prints } = RUNS[name] ?? { args: () => [], prints: /^$/ };
    const program = [await buildExample(name), ...args()];
    const { stdout } = await promisify(execFile)(process.execPath, program, { cwd: folder });
    expect(stdout).toMatch(prints);
  });
});
