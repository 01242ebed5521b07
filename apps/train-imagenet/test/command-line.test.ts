/** The built programs as a shell sees them. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { inTurn } from '../../../packages/recipes/test/support/in-turn.js';
import { rawConfig } from '../../../packages/recipes/test/support/runs.js';
import { imageFolder, temporaryFolder } from '../../../packages/train/test/support/images.js';
import { run, runIn } from './support/programs.js';

const main = inTurn('train-imagenet', 'main');
const plan = inTurn('train-imagenet', 'plan');

let folder: string;
let config: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  config = join(folder, 'config.json');
  await writeFile(config, JSON.stringify(rawConfig({ optimizer: { schedule: { epochs: 1 } } })));
});

describe('train-imagenet', () => {
  it('trains, then evaluates its checkpoint to the same accuracy', async () => {
    const data = await imageFolder();
    // The run folder is created in the working directory.
    const trained = await runIn(folder, 'main', config, data, '-p', '1');
    expect(trained).toMatchObject({ code: 0, stderr: '' });
    const [, runFolder = ''] = /^run folder (runs\/config-\d{8}-\d{6})$/m.exec(trained.stdout) ?? [];
    const logDir = join(folder, runFolder);
    const lines = trained.stdout.trimEnd().split('\n');
    expect(lines.at(-1)).toBe(`report: ${runFolder}/report.html`);
    const last = /^val .*loss \S+ \((\S+)\) {2}top-1 (\S+) %/.exec(lines.at(-3) ?? '');
    expect(lines.at(-2)).toMatch(
      new RegExp(`^best top-1 \\S+ %: ${runFolder}/checkpoints/best.safetensors$`),
    );
    const resume = join(logDir, 'checkpoints');
    const evaluated = await run('main', config, data, '--evaluate', '--resume', resume);
    expect(evaluated).toMatchObject({ code: 0, stderr: '' });
    const result = /^top-1 (\S+) % {2}top-5 100.00 % {2}loss (\S+) {2}images 15$/m.exec(evaluated.stdout);
    expect(Number(result?.[1])).toBeCloseTo(Number(last?.[2]), 1);
    expect(result?.[2]).toBe(last?.[1]);
    const audited = await plan(config, '--audit', resume);
    expect(audited).toMatchObject({ code: 0, stderr: '' });
    expect(audited.stdout).toMatch(
      /^Errors of inversion with .*[\s\S]*none is above 0\.1\n\nresnet18, batch 8/,
    );
    const torch = join(logDir, 'checkpoint.pth.tar');
    const lastLine = ({ stdout }: { stdout: string }) => stdout.trimEnd().split('\n').at(-1);
    const ofTorch = await run('main', config, data, '--evaluate', '--resume', torch);
    expect(lastLine(ofTorch)).toBe(lastLine(evaluated));
    const again = await main(config, data, '--log-dir', logDir);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain(
      `error: run folder ${logDir} already holds checkpoint.pth.tar, checkpoints, config.json`,
    );
    // Without --log-dir, it uses the run folder of the checkpoint.
    const complete = await run('main', config, data, '--resume', resume);
    expect(complete).toMatchObject({ code: 0, stderr: '' });
    expect(complete.stdout).toContain('this run is complete: 1 of 1 epochs are trained');
  });

  it('writes a profile on request', async () => {
    const [data, logDir] = [await imageFolder(), join(await temporaryFolder(), 'run')];
    const prices = join(await temporaryFolder(), 'prices.json');
    const priced = await plan(config, '--measure-prices', prices);
    expect(priced).toMatchObject({ code: 0, stderr: '' });
    const args = [config, data, '--log-dir', logDir, '--max-steps', '4', '--profile', '--prices', prices];
    const profiled = await run('main', ...args);
    expect(profiled).toMatchObject({ code: 0, stderr: '' });
    const read = (name: string) => readFile(join(logDir, name), 'utf8');
    expect(await read('profile/profile.txt')).toMatch(
      /ms a step \([\d.]+ ms predicted\) over 2 steps on cpu; .*\n\nop +calls +ms +predicted/,
    );
    expect(JSON.parse(await read('profile/profile.json')).steps).toBe(2);
    expect(JSON.parse(await read('profile/trace.json')).length).toBeGreaterThan(100);
    expect(await read('report.html')).toContain('<h2>Profile by layer</h2>');
    const unused = await main(config, data, '--log-dir', join(logDir, 'none'), '--prices', prices);
    expect(unused).toMatchObject({ code: 2, stdout: '' });
    expect(unused.stderr).toContain('--prices is for --profile and for a memory budget');
    const evaluated = await main(config, data, '--evaluate', '--resume', logDir, '--prices', prices);
    expect(evaluated).toMatchObject({ code: 2, stdout: '' });
    expect(evaluated.stderr).toContain('--prices is for training');
  });

  it('prints its help', async () => {
    const { code, stdout } = await run('main', '--help');
    expect(code).toBe(0);
    for (const option of [
      '-j, --workers',
      '-p, --print-freq',
      '--resume',
      '-e, --evaluate',
      '--log-dir',
      '--log-hist',
      '--dist-backend',
      '--device',
      '--profile',
    ]) {
      expect(stdout).toContain(option);
    }
  });

  it('exits with 2 for an unknown option', async () => {
    const { code, stdout, stderr } = await run('main', '--bogus');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain("unknown option '--bogus'");
  });

  it.each([
    [['config.json'], "missing required argument 'dir'"],
    [['c', 'd', '-j', '0'], 'Expected a whole number of at least 1.'],
  ])('exits with 2 for the arguments %j', async (args, message) => {
    const { code, stdout, stderr } = await main(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('exits with 1 for a mistake in a configuration, naming file, line and key', async () => {
    const wrong = join(folder, 'wrong.json');
    await writeFile(wrong, '{ "network": { "arch": "resnet19", "activaton": "elu" } }');
    const { code, stderr } = await main(wrong, folder);
    expect(code).toBe(1);
    expect(stderr).toContain(`${wrong}:1:36: network.activaton: unknown key; did you mean "activation"?`);
    expect(stderr).toMatch(/network\.arch: expected one of resnet18, .*received "resnet19"/);
    expect(stderr).not.toMatch(/^ {4}at /m);
  });

  it('requires a checkpoint to evaluate', async () => {
    const { code, stderr } = await main(config, folder, '--evaluate');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'error: --evaluate needs the checkpoint to validate: add --resume PATH\n',
    });
  });

  it('requires a folder for --continue', async () => {
    const { code, stderr } = await main(config, folder, '--continue');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'error: --continue needs the run folder, the same each time: add --log-dir DIR\n',
    });
  });

  it.each(['--weights-only', '--drop-classifier'])('requires a checkpoint for %s', async (option) => {
    const { code, stderr } = await main(config, folder, option);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `error: ${option} needs the checkpoint to take weights from: add --resume PATH\n`,
    });
  });

  it('refuses --weights with --resume', async () => {
    const { code, stderr } = await main(config, folder, '--weights', 'a.pth', '--resume', 'b');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'error: --weights begins a new run and --resume continues one: give one of them\n',
    });
  });

  it('refuses --weights with --weights-only', async () => {
    const { code, stderr } = await main(config, folder, '--weights', 'a.pth', '--weights-only');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'error: --weights begins a new run with the weights alone: leave out --weights-only\n',
    });
  });

  it('creates no run folder without data', async () => {
    const logDir = join(folder, 'none');
    const { code, stderr } = await main(config, folder, '--log-dir', logDir);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `error: ${join(folder, 'train')} does not exist: expected DIR/train/CLASS/*.{jpg,png,…} and DIR/val/CLASS/*\n`,
    );
    expect(existsSync(logDir)).toBe(false);
  });
});

describe('plan', () => {
  it('finds the largest batch that fits in memory', async () => {
    const found = await plan(config, '--batch', 'auto', '--memory', '3MiB', '--json');
    expect(found).toMatchObject({ code: 0, stderr: '' });
    const { batch, totalBytes } = JSON.parse(found.stdout);
    expect(batch).toBeGreaterThan(1);
    expect(totalBytes).toBeLessThanOrEqual(3 * 2 ** 20);
    const counted = ['--batch', 'auto', '--memory', '3MiB', '--val-images', '1001', '--json'];
    expect(JSON.parse((await plan(config, ...counted)).stdout).batch).toBeLessThanOrEqual(batch);
    const none = await plan(config, '--batch', 'auto', '--memory', '1kB');
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toMatch(/^error: a batch of one image needs/);
  });

  it('plans within a budget, and says what it recomputes', async () => {
    const whole = JSON.parse((await plan(config, '--json')).stdout);
    const budget = Math.floor(whole.totalBytes - 0.15 * whole.arenaBytes);
    const found = await plan(config, '--budget', String(budget), '--json');
    expect(found).toMatchObject({ code: 0, stderr: '' });
    const { totalBytes, rebuilds } = JSON.parse(found.stdout);
    expect(totalBytes).toBeLessThanOrEqual(budget);
    expect(rebuilds.recomputed).toBeGreaterThan(0);
    expect(rebuilds.moreWork).toBeGreaterThan(0);
    const text = await plan(config, '--budget', String(budget));
    expect(text.stdout).toMatch(/recomputed, which is \d+\.\d % more work:\n {2}mod\d/);
    const none = await plan(config, '--budget', '1kB');
    expect(none.stderr).toMatch(/^error: memory_budget 1000 B is less than weights and optimizer state take/);
  });

  it('prints the trade-off between batch sizes and budgets, and writes it as a page', async () => {
    const page = join(await temporaryFolder(), 'sweep.html');
    const found = await plan(config, '--sweep', '--batch', '4', '--plot', page);
    expect(found).toMatchObject({ code: 0, stderr: '' });
    expect(found.stdout).toMatch(/^resnet18, float32: batches and budgets/);
    expect(found.stdout).toMatch(/\n +4 .* [01]\.\d % /);
    expect(await readFile(page, 'utf8')).toContain('batch 4');
    const { stderr } = await plan(config, config, '--sweep', '--plot', page);
    expect(stderr).toContain('--plot draws one configuration');
  });

  it('predicts the time of a step from measured prices', async () => {
    const file = join(await temporaryFolder(), 'prices.json');
    const measured = await plan(config, '--batch', '4', '--measure-prices', file);
    expect(measured).toMatchObject({ code: 0, stderr: '' });
    const { stdout } = await plan(config, '--batch', '4', '--prices', file);
    expect(stdout).toMatch(/^a step: .* predicted, .* images\/s: forward .*, backward .*, update /m);
    const { time } = JSON.parse((await plan(config, '--prices', file, '--json')).stdout);
    expect(time.seconds).toBeGreaterThan(0);
    expect(time.sources.estimated).toBe(0);
    const nodes = await plan(config, '--prices', file, '--nodes', '2');
    expect(nodes.stdout).toContain('times of instructions: prices of ');
    const wrong = await plan(config, '--prices', config);
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toContain('config.json is not a price list of this version');
    expect(await plan(config, '--prices', file, '--lock', 'x')).toMatchObject({ code: 2 });
  });

  it('locks a plan, and fails if a layer costs more memory', async () => {
    const file = join(await temporaryFolder(), 'plan.lock');
    expect(await plan(config, '--lock', file)).toMatchObject({ code: 0, stderr: '' });
    expect(await plan(config, '--check', file)).toMatchObject({
      code: 0,
      stdout: `${file}: unchanged\n`,
    });
    const planted = ['--set', 'network.keep_inputs=["mod3.block1.convs.bn1"]'];
    const grown = await plan(config, ...planted, '--check', file);
    expect(grown).toMatchObject({ code: 1, stderr: '' });
    expect(grown.stdout).toContain('mod3.block1.convs.conv1 conv2d');
  });

  it('measures a step here, and simulates it on a cluster', async () => {
    const cluster = ['--nodes', '4', '--bandwidth', '100Mbit', '--latency', '1ms', '--batch', '2'];
    const found = await plan(config, ...cluster);
    expect(found).toMatchObject({ code: 0, stderr: '' });
    expect(found.stdout).toContain('4 nodes of 1 process; ring, 100 Mbit/s and 1 ms between nodes\n');
    expect(found.stdout).toContain('times of instructions: measured on this machine\n');
    const wrong = await plan(config, '--nodes', '4', '--bandwidth', 'fast');
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('Expected a rate, such as 100Gbit or 12.5GB.');
  });

  it('refuses to audit a missing checkpoint', async () => {
    const found = await plan(config, '--audit', 'nowhere.safetensors');
    expect(found).toMatchObject({ code: 1, stdout: '' });
    expect(found.stderr).toMatch(/^error: there is no checkpoint nowhere\.safetensors/);
  });

  it('prints one JSON object with --json', async () => {
    const { code, stdout, stderr } = await plan(config, '--batch', '4', '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ arch: 'resnet18', batch: 4, crop: 16, precision: 'float32' });
    expect(Object.keys(report.bytes)).toEqual(
      expect.arrayContaining(['weights', 'gradients', 'optimizer', 'activations', 'workspace']),
    );
    expect(report.peak).toBeGreaterThan(0);
    expect(report.layers.length).toBeGreaterThan(20);
  });

  it('prints a table without --json', async () => {
    const { code, stdout } = await run('plan', config);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^resnet18, batch 8 at 16×16, float32; (oneDNN \d+\.\d+\.\d+|own kernels without oneDNN)\n/,
    );
  });

  it('prints a table by number of devices, for several configurations', async () => {
    const other = join(folder, 'other.json');
    await writeFile(other, JSON.stringify(rawConfig({ network: { arch: 'resnet34' } })));
    const { code, stdout, stderr } = await plan(config, other, '--devices', '2,4', '--markdown');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const cells = stdout.split('\n').map((line) =>
      line
        .split('|')
        .slice(1, 4)
        .map((cell) => cell.trim()),
    );
    expect(cells.filter(([name]) => name === 'config' || name === 'other')).toEqual([
      ['config', '2', '4'],
      ['config', '4', '2'],
      ['other', '2', '4'],
      ['other', '4', '2'],
    ]);
  });

  it.each([
    [['--batch', 'auto', '--crop', 'auto'], 'only one of --batch, --crop and --width can be auto'],
    [['--width', 'auto', '--budget', '1GB'], 'auto searches within --memory BYTES'],
    [['--diff'], '--diff compares two configurations or locks'],
    [['--check', 'a.lock', '--lock', 'b.lock'], "option '--lock <file>' cannot be used with option"],
    [['--check', 'a.lock', '--diff'], "option '--diff' cannot be used with option"],
    [
      ['--check', 'a.lock', '--crop', 'auto'],
      "option '--check <file>' cannot be used with option '--crop <auto>'",
    ],
    [['--freeze', 'mod1', '--width', 'auto'], "cannot be used with option '--width <auto>'"],
    [['--measure-prices', 'x', '--json'], "cannot be used with option '--json'"],
    [['--measure-prices', 'x', '--portable'], "cannot be used with option '--portable'"],
    [['--devices', '2,x'], 'Expected a whole number of at least 1.'],
    [
      ['--devices', '2', '--batch', '4'],
      "'-d, --devices <list>' cannot be used with option '-b, --batch <n>'",
    ],
  ])('exits with 2 for %j', async (args, message) => {
    const { code, stderr } = await plan(config, ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
