/** The built program as a shell sees it. */
import { existsSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { inTurn } from '../../../packages/recipes/test/support/in-turn.js';
import { type Ended, run as runProgram, start } from '../../../packages/recipes/test/support/programs.js';
import { configOf, rawConfig, runTraining } from '../../../packages/recipes/test/support/runs.js';
import { imageFolder, temporaryFolder } from '../../../packages/train/test/support/images.js';

const run = (...args: string[]): Promise<Ended> => runProgram('test-imagenet', 'main', ...args);
const oneOfMany = inTurn('test-imagenet', 'main');
const ONE_EPOCH = { optimizer: { schedule: { epochs: 1 } } };

let data: string;
let folder: string;
let config: string;
let checkpoint: string;
let top1: string;
beforeAll(async () => {
  [data, folder] = [await imageFolder(), await temporaryFolder()];
  config = join(folder, 'config.json');
  await writeFile(config, JSON.stringify(rawConfig(ONE_EPOCH)));
  const logDir = join(folder, 'run');
  const { validation } = await runTraining({ config: configOf(ONE_EPOCH), data, logDir });
  checkpoint = join(logDir, 'checkpoints');
  top1 = (validation?.top1 ?? Number.NaN).toFixed(2);
});

describe('test-imagenet', () => {
  it('prints the same accuracy as validation, and writes JSON and a page', async () => {
    const [json, html] = [join(folder, 'test.json'), join(folder, 'test.html')];
    const { code, stdout, stderr } = await run(config, checkpoint, data, '--json', json, '--html', html);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(
      `testing ${join(checkpoint, 'checkpoint-7.safetensors')} on 15 images of 3 classes in`,
    );
    expect(stdout).toMatch(/^top-1 \S+ % {2}top-5 100.00 % {2}loss \S+ {2}images 15$/m);
    expect(stdout).toContain(`\ntop-1 ${top1} %`);
    expect(stdout.endsWith(`wrote ${json}\nwrote ${html}\n`)).toBe(true);
    expect(stdout).not.toContain('\u001b');
    const result = JSON.parse(await readFile(json, 'utf8'));
    expect(result).toMatchObject({ images: 15, crop: 16, scale: 18, crops: 1 });
    expect(result.top1.toFixed(2)).toBe(top1);
    expect(await readFile(html, 'utf8')).toContain(`<h1>resnet18: top-1 ${top1} % of 15 images</h1>`);
  });

  it.each(['--ten-crops', '--ten_crops'])(
    'takes %s, -c and -s, and prints JSON alone with --json -',
    async (flag) => {
      const args = [config, checkpoint, join(data, 'val'), flag, '-c', '14', '-s', '-1', '--json', '-'];
      const { code, stdout, stderr } = await run(...args);
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ images: 15, crop: 14, scale: -1, crops: 10 });
      expect(stderr).toMatch(/^top-1 /m);
    },
  );

  it('gives the same result with several processes', async () => {
    const [one, several] = [join(folder, 'one.json'), join(folder, 'several.json')];
    await run(config, checkpoint, data, '--json', one);
    const { code, stdout } = await run(
      config,
      checkpoint,
      data,
      '--json',
      several,
      '--nproc',
      '2',
      '--batch',
      '4',
    );
    expect(code).toBe(0);
    expect(stdout.match(/^top-1 /gm)).toHaveLength(1);
    const read = async (path: string) => {
      const { seconds, loss, ...rest } = JSON.parse(await readFile(path, 'utf8'));
      return { rest, loss };
    };
    const [wanted, found] = [await read(one), await read(several)];
    expect(found.rest).toEqual(wanted.rest);
    expect(found.loss).toBeCloseTo(wanted.loss, 6);
  });

  it('prints its help', async () => {
    const { code, stdout } = await run('--help');
    expect(code).toBe(0);
    for (const option of [
      '-c, --crop',
      '-s, --scale',
      '--ten_crops, --ten-crops',
      '-j, --workers',
      '-p, --print-freq',
    ]) {
      expect(stdout).toContain(option);
    }
    expect(stdout).toContain('Examples:');
  });

  it('exits with 2 for an unknown option', async () => {
    const { code, stdout, stderr } = await run('--bogus');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain("unknown option '--bogus'");
  });

  it.each([
    [['config.json', 'best.safetensors'], "missing required argument 'dir'"],
    [['c', 'w', 'd', '-s', '0'], 'Expected a whole number of at least 1, or -1.'],
    [['c', 'w', 'd', '-c', '-1'], 'Expected a whole number of at least 1.'],
  ])('exits with 2 for the arguments %j', async (args, message) => {
    const { code, stdout, stderr } = await oneOfMany(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('exits with 1 before testing if the checkpoint is missing or an output is not writable', async () => {
    const none = join(folder, 'none.pth.tar');
    expect(await oneOfMany(config, none, data)).toMatchObject({
      code: 1,
      stdout: 'device cpu\n',
      stderr: `error: there is no checkpoint ${none}: expected a file, or a folder of checkpoints\n`,
    });
    const page = join(folder, 'none', 'test.html');
    const { code, stdout, stderr } = await oneOfMany(config, checkpoint, data, '--html', page);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: cannot write .*test\.html: .*none is not a writable folder/);
  });

  it('names an unreadable image without counting it, and exits with 1 unless it may be skipped', async () => {
    const copy = join(folder, 'copy');
    await cp(join(data, 'val'), copy, { recursive: true });
    const bad = join(copy, 'green', '02.png');
    await writeFile(bad, 'no image');
    const refused = await run(config, checkpoint, copy);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: 1 image cannot be read/),
    });
    expect(refused.stdout).toContain(`cannot read ${bad}: `);
    expect(refused.stdout).toMatch(/^top-1 .* images 14$/m);
    const lenient = join(folder, 'lenient.json');
    await writeFile(lenient, JSON.stringify(rawConfig({ ...ONE_EPOCH, input: { unreadable: 'skip' } })));
    expect(await run(lenient, checkpoint, copy)).toMatchObject({ code: 0, stderr: '' });
  });

  it('stops after the current batch on SIGINT and writes nothing', async () => {
    const many = join(folder, 'many');
    for (const name of ['blue', 'green', 'red']) {
      for (let i = 0; i < 20; i++)
        await cp(join(data, 'train', name), join(many, name, String(i)), { recursive: true });
    }
    const json = join(folder, 'stopped.json');
    let sent = false;
    const { child, ended } = start(
      'test-imagenet',
      'main',
      [config, checkpoint, many, '-b', '1', '-p', '1', '--json', json],
      (stdout) => {
        if (!sent && stdout.includes('step    3/1200')) sent = child.kill('SIGINT');
      },
    );
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    expect(stdout).toContain('SIGINT: stopping after this batch');
    expect(stdout).not.toContain('step 1200/1200');
    expect(existsSync(json)).toBe(false);
  });
});
