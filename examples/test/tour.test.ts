/** The tour walks through every program at a small size, and each step leaves what the next one needs. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { encode } from 'fast-png';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runTour } from '../tour/run.mjs';
import { stepsOf } from '../tour/steps.mjs';

const folder = mkdtempSync(path.join(tmpdir(), 'tour-'));
const at = (name: string) => path.join(folder, name);
const tour = {
  config: at('config.json'),
  data: at('data'),
  folder: at('out'),
  budget: '3MB',
  room: '8MB',
};

beforeAll(() => {
  for (const [split, images] of [
    ['train', 8],
    ['val', 2],
  ] as const) {
    for (const [label, name] of ['dark', 'bright'].entries()) {
      mkdirSync(path.join(tour.data, split, name), { recursive: true });
      for (let i = 0; i < images; i++) {
        const data = new Uint8Array(28 * 28).map((_, at) => 50 + 120 * label + ((i + at) % 9));
        const png = encode({ width: 28, height: 28, channels: 1, depth: 8, data });
        writeFileSync(path.join(tour.data, split, name, `${i}.png`), png);
      }
    }
  }
  const network = { arch: 'resnet18', activation: 'leaky_relu', bn_mode: 'inplace' };
  const config = {
    network: { ...network, classes: 2, stem: 'small', width: 0.125 },
    optimizer: { batch_size: 8, learning_rate: 0.01, schedule: { epochs: 1 } },
    input: { crop_train: 24, area_train: [0.85, 1], scale_val: 24, crop_val: 24 },
  };
  writeFileSync(tour.config, JSON.stringify(config));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('the tour runs every step', async () => {
  let printed = '';
  const status = await runTour(tour, (text) => {
    printed += text;
  });
  expect(printed).not.toContain('ended with status');
  expect(status).toBe(0);
  for (const { look } of stepsOf(tour)) for (const line of look) expect(printed).toContain(`→ ${line}\n`);
  expect(printed).toContain('none is above 0.1');
  expect(printed).toContain('mod5.block2.convs.bn2');
  expect(printed).toMatch(/That was the tour \(\d+ s\)\. .* are in .*out\.\n$/);
  const output = (name: string) => readFileSync(path.join(tour.folder, name), 'utf8');
  expect(output('1-plan.txt')).toContain('for the backward pass');
  expect(output('4-audit.txt')).toContain('none is above 0.1');
  expect(output('2-train.txt')).toMatch(/best top-1 [\d.]+ %/);
  expect(output('5-budget.txt')).toMatch(/in all: 2\.\d+ MiB/);
  expect(output('7-convert.txt')).toMatch(/top-1 ([\d.]+) % before, \1 % after/);
  expect(output('8-export.txt')).toContain('input uint8 batch×24×24×3');
});

it('the tour names the step that failed', async () => {
  let printed = '';
  const failed = await runTour({ ...tour, config: at('none.json'), folder: at('failed') }, (text) => {
    printed += text;
  });
  expect(failed).toBe(1);
  expect(printed).toContain('none.json');
  expect(printed).toContain('plan ended with status 1');
});

it('the tour names files that exist', () => {
  const text = stepsOf(tour)
    .flatMap(({ look }) => look)
    .join('\n');
  const files = [...text.matchAll(/\b(?:docs|examples)\/[\w./-]*\w/g)].map(([file]) => file);
  expect(files.length).toBeGreaterThan(5);
  const root = fileURLToPath(new URL('../..', import.meta.url));
  for (const file of files) expect(() => readFileSync(path.join(root, file))).not.toThrow('ENOENT');
});
