/** The built program as a shell sees it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { inTurn } from '../../../packages/recipes/test/support/in-turn.js';
import { type Ended, run as runProgram } from '../../../packages/recipes/test/support/programs.js';
import { configOf, runTraining } from '../../../packages/recipes/test/support/runs.js';
import { imageFolder, temporaryFolder } from '../../../packages/train/test/support/images.js';

const run = (...args: string[]): Promise<Ended> => runProgram('predict', 'main', ...args);
const oneOfMany = inTurn('predict', 'main');

let data: string;
let folder: string;
let checkpoint: string;
beforeAll(async () => {
  [data, folder] = [await imageFolder(), await temporaryFolder()];
  const logDir = join(folder, 'run');
  await runTraining({ config: configOf({ optimizer: { schedule: { epochs: 1 } } }), data, logDir });
  checkpoint = join(logDir, 'checkpoints', 'best.safetensors');
});

describe('predict', () => {
  it('prints one line per image, and everything else to standard error', async () => {
    const { code, stdout, stderr } = await run(checkpoint, join(data, 'val'), '--top', '2');
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(15);
    expect(stdout).toMatch(/^\S+blue\/00\.png: blue \d+\.\d %, (green|red) \d+\.\d %\n/);
    expect(stderr).toMatch(/^15 images in 0:0\d, \S+ images a second$/m);
    expect(stdout + stderr).not.toContain('\u001b');
  });

  it('writes files, names unusable images, and exits with 1', async () => {
    const bad = join(folder, 'bad.jpg');
    await writeFile(bad, 'not an image');
    const [json, html] = [join(folder, 'all.jsonl'), join(folder, 'all.html')];
    const image = join(data, 'val/red/00.png');
    const ended = await run(checkpoint, image, bad, '--json', json, '--html', html, '--csv', '-');
    expect(ended.code).toBe(1);
    expect(ended.stdout.split('\n')[0]).toBe(
      'file,error,class_1,label_1,probability_1,class_2,label_2,probability_2,class_3,label_3,probability_3',
    );
    const lines = (await readFile(json, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => Object.keys(JSON.parse(line)))).toEqual([
      ['file', 'predictions'],
      ['file', 'error'],
    ]);
    expect(await readFile(html, 'utf8')).toContain('resnet18: predictions');
    expect(ended.stderr).toContain(`error: ${bad}: `);
    expect(ended.stderr).toMatch(/error: 1 of the images cannot be used: see above\n$/);
  });

  it('names the option that helps', async () => {
    const usage = await oneOfMany(checkpoint, data, '--npy', 'f.npy');
    expect(usage).toMatchObject({
      code: 2,
      stderr: 'error: --npy writes the output of a layer: add --features LAYER\n',
    });
    const twice = await oneOfMany(checkpoint, data, '--json', '/x/a', '--csv', '/x/../x/a');
    expect(twice).toMatchObject({
      code: 2,
      stderr: 'error: two results would be written to /x/a: name another file for one\n',
    });
    const none = await oneOfMany(join(folder, 'none.pth'), data);
    expect(none.code).toBe(1);
    expect(none.stderr).toMatch(/^error: there is no checkpoint .*none\.pth/);
    const other = join(folder, 'other.json');
    await writeFile(other, JSON.stringify({ network: { classes: 2 } }));
    const count = await oneOfMany(checkpoint, data, '--config', other);
    expect(count.stderr).toContain('names 3 classes but the network has 2 outputs');
  });
});
