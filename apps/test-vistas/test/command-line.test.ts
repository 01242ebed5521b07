/** The built program as a shell sees it. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode, encode } from 'fast-png';
import { beforeAll, describe, expect, it } from 'vitest';
import { bytes } from '../../../packages/core/test/support/prng.js';
import { inTurn } from '../../../packages/recipes/test/support/in-turn.js';
import {
  CLASSES,
  rawSegmentation,
  segmentationConfigOf,
} from '../../../packages/recipes/test/support/label-maps.js';
import { type Ended, run as runProgram, start } from '../../../packages/recipes/test/support/programs.js';
import { weightsOf, writeSnapshot } from '../../../packages/recipes/test/support/snapshots.js';
import { temporaryFolder } from '../../../packages/train/test/support/images.js';

const run = (...args: string[]): Promise<Ended> => runProgram('test-vistas', 'main', ...args);
const oneOfMany = inTurn('test-vistas', 'main');

/** The size of the photographs; by default they would be enlarged 51 times. */
const SMALL = ['--max-size', '40'];

const NAMES = ['a', 'b', 'c'];
const COLORS: [number, number, number][] = [
  [10, 20, 30],
  [200, 0, 0],
  [0, 200, 0],
  [0, 0, 200],
];

let folder: string;
let photos: string;
let config: string;
let classes: string;
let snapshot: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  [photos, config, classes] = [
    join(folder, 'photos'),
    join(folder, 'config.json'),
    join(folder, 'classes.json'),
  ];
  await writeFile(config, JSON.stringify(rawSegmentation()));
  await writeFile(classes, JSON.stringify(COLORS.map((color, id) => ({ id, name: `thing ${id}`, color }))));
  await mkdir(photos);
  for (const name of NAMES) await writeFile(join(photos, `${name}.png`), noise(name));
  snapshot = await writeSnapshot(weightsOf(segmentationConfigOf(), 1));
});

function noise(name: string): Uint8Array {
  return encode({ width: 40, height: 24, channels: 3, depth: 8, data: bytes(name, [40 * 24 * 3]) });
}

const out = async () => join(await temporaryFolder(), 'out');

describe('test-vistas', () => {
  it('segments a folder with the network of a configuration', async () => {
    const dir = await out();
    const options = ['--config', config, '--classes', classes, '--output-mode', 'palette', '--overlay'];
    const scales = ['--scales', '[0.5, 1]', '--flip', '--fusion-mode', 'voting', '--max-size', '32'];
    const { code, stdout, stderr } = await run(snapshot, photos, dir, ...options, ...scales);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(
      `resnet18 with DeepLabV3, ${CLASSES} classes (float32) from ${snapshot} on 3 photographs in ${photos}\n`,
    );
    expect(stdout).toMatch(/^\[3\/3\] c\.png {2}32×19 /m);
    expect(stdout.endsWith(`3 images in ${join(dir, 'index.html')}\n`)).toBe(true);
    expect(stdout).not.toContain('\u001b');
    const files = NAMES.flatMap((name) => [`${name}.png`, `${name}_overlay.png`]);
    expect((await readdir(dir)).sort()).toEqual([...files, 'gallery', 'index.html'].sort());
    const { palette, width, height } = decode(await readFile(join(dir, 'a.png')));
    expect({ width, height, palette: palette?.slice(0, CLASSES) }).toEqual({
      width: 40,
      height: 24,
      palette: COLORS,
    });
    expect(await readFile(join(dir, 'index.html'), 'utf8')).toContain('0.5, 1, each also mirrored');
  });

  it('compares with labels', async () => {
    const dir = await out();
    // Upstream's name for the default mode, with which the run below resumes.
    const args = [snapshot, photos, dir, '--config', config, ...SMALL];
    const first = await run(...args, '--output-mode', 'final');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const labels = join(folder, 'labels');
    await mkdir(labels);
    for (const name of NAMES) await cp(join(dir, `${name}.png`), join(labels, `${name}.png`));
    const { code, stdout } = await run(...args, '--labels', labels, '--resume');
    expect(code).toBe(0);
    expect(stdout).toContain(', 3 finished before\n');
    expect(stdout).toMatch(/^pixel accuracy +100\.00 %$/m);
    expect(JSON.parse(await readFile(join(dir, 'labels.json'), 'utf8'))).toMatchObject({
      meanIou: 100,
      pixels: 3 * 40 * 24,
    });
  });

  it('names an unusable photograph, finishes the others and exits with 1', async () => {
    const [dir, copy] = [await out(), join(folder, 'copy')];
    await cp(photos, copy, { recursive: true });
    await writeFile(join(copy, 'b.png'), 'no image');
    const { code, stdout, stderr } = await run(snapshot, copy, dir, '--config', config, ...SMALL);
    expect(code).toBe(1);
    expect(stderr).toBe('error: 1 of the files cannot be used: see above\n');
    expect(stdout).toContain(`[2/3] b.png  error: Cannot read the image ${join(copy, 'b.png')}: `);
    expect((await readdir(dir)).filter((file) => file.endsWith('.png'))).toEqual(['a.png', 'c.png']);
  });

  it('segments its share of the photographs', async () => {
    const dir = await out();
    const args = [snapshot, photos, dir, '--config', config, ...SMALL];
    const { stdout } = await run(...args, '--shard', '1/2');
    expect(stdout).toContain(', 1 of them for process 1 of 2\n');
    const { stdout: other } = await run(...args, '--shard', '0/2');
    expect(other).toContain(', 2 of them for process 0 of 2\n');
    expect(other).toContain('3 images in ');
  });

  it('divides the photographs among the processes that it starts', async () => {
    const dir = await out();
    const args = [snapshot, photos, dir, '--config', config, ...SMALL];
    const { code, stdout, stderr } = await run(...args, '--nproc', '2');
    expect({ code, stderr: stderr.replace(/^2 processes share .*\n/, '') }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(', 2 of them for process 0 of 2\n');
    expect(stdout).toMatch(/^\[rank 1\] .*, 1 of them for process 1 of 2$/m);
    expect(stdout.match(/3 images in /g)).toHaveLength(1);
    expect((await readdir(dir)).filter((file) => file.endsWith('.png'))).toEqual(['a.png', 'b.png', 'c.png']);
  });

  it('prints its help', async () => {
    const { code, stdout } = await run('--help');
    expect(code).toBe(0);
    for (const option of [
      '--scales',
      '--flip',
      '--fusion-mode',
      '--output-mode',
      '--memory-budget',
      '--shard',
    ])
      expect(stdout).toContain(option);
    expect(stdout).toContain('Examples:');
  });

  it('exits with 2 for an unknown option', async () => {
    const { code, stdout, stderr } = await run('--bogus');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain("unknown option '--bogus'");
  });

  it.each([
    [['snapshot.pth.tar', 'in'], "missing required argument 'out_dir'"],
    [['s', 'i', 'o', '--scales', '[0]'], 'Expected positive numbers such as "[0.7, 1, 1.2]".'],
    [['s', 'i', 'o', '--memory-budget', 'much'], 'Expected bytes, such as 1500000000, 1500MB or 1.5GiB.'],
    [['s', 'i', 'o', '--shard', '2/2'], 'Expected i/n with i from 0 to n − 1, such as 0/4'],
    [['s', 'i', 'o', '--fusion-mode', 'sum'], 'Allowed choices are mean, voting, max.'],
    [['s', 'i', 'o', '--output-mode', 'jpg'], 'Allowed choices are palette, raw, prob, final.'],
    [['s', 'i', 'o', '--max-size', '0'], 'Expected a whole number of at least 1.'],
  ])('exits with 2 for the arguments %j', async (args, message) => {
    const { code, stdout, stderr } = await oneOfMany(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('exits with 1 and one line if something is missing, before the first image', async () => {
    const dir = await out();
    const none = join(folder, 'none.pth');
    expect(await oneOfMany(none, photos, dir, '--config', config)).toEqual(
      expect.objectContaining({
        code: 1,
        stdout: 'device cpu\n',
        stderr: `error: there is no snapshot ${none}: expected a file of torch.save or safetensors\n`,
      }),
    );
    const published = await oneOfMany(snapshot, photos, dir);
    expect(published).toMatchObject({ code: 1, stdout: 'device cpu\n' });
    expect(published.stderr).toContain(
      `the snapshot ${snapshot} is for ${CLASSES} classes but the network has 65: `,
    );
    const small = await oneOfMany(snapshot, photos, dir, '--config', config, '--memory-budget', '1kB');
    expect(small).toMatchObject({ code: 1, stdout: 'device cpu\n' });
    expect(small.stderr).toMatch(
      /^error: a memory budget of 1000 B does not hold the weights of the network/,
    );
    const listed = join(folder, 'three.json');
    await writeFile(
      listed,
      JSON.stringify(COLORS.slice(1).map((color, id) => ({ id, name: `${id}`, color }))),
    );
    expect(await oneOfMany(snapshot, photos, dir, '--config', config, '--classes', listed)).toMatchObject({
      code: 1,
      stderr: `error: the list names 3 classes but network.classes in ${config} is ${CLASSES}\n`,
    });
    const classification = join(folder, 'classification.json');
    await writeFile(classification, JSON.stringify({ network: { arch: 'resnet18' } }));
    expect((await oneOfMany(snapshot, photos, dir, '--config', classification)).stderr).toBe(
      `error: ${classification} is the configuration of a classification: expected one with "task": "segmentation"\n`,
    );
  });

  it('stops after the current image on SIGINT, and a resume segments the rest', async () => {
    const [dir, many] = [await out(), join(folder, 'many')];
    await mkdir(many);
    for (let i = 0; i < 200; i++) await writeFile(join(many, `${i}.png`), noise(String(i)));
    let sent = false;
    // Large enough that the signal comes long before the last image.
    const args = [snapshot, many, dir, '--config', config, '--max-size', '320'];
    const { child, ended } = start('test-vistas', 'main', args, (stdout) => {
      if (!sent && stdout.includes('[2/200]')) sent = child.kill('SIGINT');
    });
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
    expect(stdout).toContain('SIGINT: stopping after this image; repeat to kill\n');
    expect(stdout).not.toContain('[200/200]');
    const [, done = ''] = /(\d+) images in /.exec(stdout) ?? [];
    expect(Number(done)).toBeGreaterThanOrEqual(2);
    for (let i = 5; i < 200; i++) await rm(join(many, `${i}.png`));
    await rm(join(dir, 'gallery', '1.json'), { force: true });
    const resumed = await run(...args, '--resume');
    expect(resumed).toMatchObject({ code: 0, stderr: '' });
    expect(resumed.stdout).toMatch(/ on 5 photographs in .*, \d finished before\n/);
    for (let i = 0; i < 5; i++) expect(await readdir(dir)).toContain(`${i}.png`);
  });
});
