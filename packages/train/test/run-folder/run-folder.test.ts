import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { differences } from '../../src/run-folder/differences.js';
import { type MetricRecord, readMetrics, scalarsOf } from '../../src/run-folder/metrics-log.js';
import { RunFolder } from '../../src/run-folder/run-folder.js';
import { collectVersions, type Versions } from '../../src/run-folder/versions.js';
import { readEvents } from '../tensorboard/read-events.js';

const versions: Versions = {
  node: 'v20.0.0',
  platform: 'linux-x64',
  cpu: 'test',
  cores: 2,
  memoryBytes: 1,
  packages: {},
};
const config = { seed: 1, optimizer: { clip: 1, schedule: { epochs: 10 } } };
const kernels = { machine: 'test', names: {} };
const options = { config, versions, kernels };

let parent: string;
let path: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'train-run-'));
  path = join(parent, 'runs', 'first');
});
afterEach(async () => {
  await rm(parent, { recursive: true });
});

function record(step: number, loss = 1): MetricRecord {
  return { phase: 'train', epoch: 1, step, loss, top1: 50, top5: 90 };
}

async function json(name: string): Promise<unknown> {
  return JSON.parse(await readFile(join(path, name), 'utf8'));
}

describe('a new run', () => {
  it('has a configuration, versions, metrics, events and a folder for checkpoints', async () => {
    const run = await RunFolder.create(path, options);
    run.metrics.add(record(1));
    run.events.scalars(1, { 'train/loss': 1 });
    await run.writeSummary({ top1: 93 });
    run.close();
    const names = (await readdir(path)).map((name) => name.replace(/tfevents.*/, 'tfevents')).sort();
    expect(names).toEqual([
      'checkpoints',
      'config.json',
      'events.out.tfevents',
      'kernels.json',
      'metrics.csv',
      'metrics.jsonl',
      'summary.json',
      'versions.json',
    ]);
    expect(await json('config.json')).toEqual(config);
    expect(await json('versions.json')).toEqual(versions);
    expect(await json('summary.json')).toEqual({ top1: 93 });
    expect(await readMetrics(run.metricsPath)).toEqual([record(1)]);
    expect(readEvents(await readFile(run.events.path))).toHaveLength(2);
  });

  it('is rejected if the folder holds another run, which stays intact', async () => {
    (await RunFolder.create(path, options)).close();
    const before = await readFile(join(path, 'config.json'), 'utf8');
    await expect(RunFolder.create(path, { config: {}, versions, kernels })).rejects.toMatchObject({
      code: 'ERR_RUN_FOLDER_TAKEN',
      checkpoint: null,
      message: expect.stringMatching(
        /^run folder .*first already holds checkpoints, config\.json, events.*, kernels\.json, metrics\.csv, metrics\.jsonl, versions\.json: continue that run, which has no checkpoint yet and starts over, or start a new one in another folder$/,
      ),
    });
    expect(await readFile(join(path, 'config.json'), 'utf8')).toBe(before);
  });

  it('is rejected if a single file has the same name, but not for other files', async () => {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'notes.txt'), 'mine');
    await writeFile(join(path, 'config.json'), '{}');
    await expect(RunFolder.create(path, options)).rejects.toThrow('already holds config.json:');
    await rm(join(path, 'config.json'));
    (await RunFolder.create(path, options)).close();
    expect(await readFile(join(path, 'notes.txt'), 'utf8')).toBe('mine');
  });

  it('goes to one of two that start at once', async () => {
    const started = await Promise.allSettled([
      RunFolder.create(path, options),
      RunFolder.create(path, options),
    ]);
    const runs = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    for (const run of runs) run.close();
    expect(runs).toHaveLength(1);
  });

  it('reports a folder that cannot be created', async () => {
    await writeFile(join(parent, 'runs'), '');
    await expect(RunFolder.create(path, options)).rejects.toMatchObject({
      code: 'ERR_RUN_FOLDER',
      message: expect.stringMatching(/cannot be created .*; choose another$/),
    });
  });
});

describe('a resumed run', () => {
  it('drops metrics that will be rewritten and an incomplete last line', async () => {
    const first = await RunFolder.create(path, options);
    for (const step of [1, 2, 3, 4]) first.metrics.add(record(step, step === 1 ? Number.NaN : step));
    first.close();
    await appendFile(first.metricsPath, '{"phase":"tra');
    const resumed = await RunFolder.resume(path, { epoch: 1, step: 2 }, options);
    resumed.metrics.add(record(3, 30));
    resumed.close();
    expect(await readMetrics(resumed.metricsPath)).toEqual([
      record(1, Number.NaN),
      record(2, 2),
      record(3, 30),
    ]);
    const marks = await Promise.all(
      (await readdir(path))
        .filter((name) => name.startsWith('events'))
        .map(async (name) => readEvents(await readFile(join(path, name)))),
    );
    expect(marks.flat().filter((event) => event.sessionStatus === 1)).toMatchObject([{ step: 3 }]);
  });

  it('hides a repeated validation together with its step, whose events are written again', async () => {
    const first = await RunFolder.create(path, options);
    for (const step of [1, 2]) first.metrics.add(record(step));
    // The state after the epoch's last step was saved, but not the one after its validation.
    first.metrics.add({ ...record(2), phase: 'val' });
    first.close();
    const resumed = await RunFolder.resume(path, { epoch: 0, step: 2 }, options);
    resumed.close();
    expect(await readMetrics(resumed.metricsPath)).toEqual([record(1), record(2)]);
    expect(resumed.stands).toEqual(record(2));
    expect(scalarsOf(record(2))).toEqual({ 'train/loss': 1, 'train/top1': 50, 'train/top5': 90 });
    const events = readEvents(await readFile(resumed.events.path));
    expect(events.filter(({ sessionStatus }) => sessionStatus === 1)).toMatchObject([{ step: 2 }]);
    const again = await RunFolder.resume(path, { epoch: 1, step: 2 }, options);
    again.close();
    expect(again.stands).toBeNull();
  });

  it('keeps the old configuration if it differs, and reports the differences', async () => {
    (await RunFolder.create(path, options)).close();
    const changed = { ...config, optimizer: { clip: 1, schedule: { epochs: 20 } } };
    const resumed = await RunFolder.resume(
      path,
      { epoch: 1, step: 0 },
      { config: changed, versions, kernels },
    );
    resumed.close();
    expect(resumed.changes).toEqual(['optimizer.schedule.epochs: 10 -> 20']);
    expect(await json('config.json')).toEqual(changed);
    expect(await json('config.1.json')).toEqual(config);
    (await RunFolder.resume(path, { epoch: 1, step: 0 }, options)).close();
    expect(await json('config.2.json')).toEqual(changed);
    expect(await readdir(path)).not.toContain('versions.1.json');
  });

  it('removes leftovers of a process that was killed while writing the run files', async () => {
    (await RunFolder.create(path, options)).close();
    const hex = '0123456789abcdef';
    const names = ['.checkpoint.pth.tar', '.summary.json', 'checkpoints/.checkpoint-7.safetensors'];
    for (const name of [...names, '.notes.txt']) await writeFile(join(path, `${name}.${hex}.tmp`), 'torn');
    const resumed = await RunFolder.resume(path, { epoch: 1, step: 3 }, options);
    await resumed.sweep();
    resumed.close();
    const left = (await readdir(path, { recursive: true })).filter((name) => name.endsWith('.tmp'));
    expect(left).toEqual([`.notes.txt.${hex}.tmp`]);
  });

  it('must have been started', async () => {
    await expect(RunFolder.resume(path, { epoch: 1, step: 3 }, options)).rejects.toThrow(
      /there is no run to resume in .*first/,
    );
  });

  it('names a broken line of the metrics', async () => {
    (await RunFolder.create(path, options)).close();
    await writeFile(join(path, 'metrics.jsonl'), '{"step":1}\nnot json\n{"step":2}\n');
    await expect(RunFolder.resume(path, { epoch: 1, step: 3 }, options)).rejects.toThrow(
      /metrics\.jsonl:2: expected one JSON object/,
    );
  });
});

describe('differences', () => {
  it('ignores the order of keys and names added and removed ones', () => {
    expect(differences({ a: 1, b: [1, 2] }, { b: [1, 2], a: 1 })).toEqual([]);
    expect(differences({ a: 1, b: [1] }, { b: [2], c: null })).toEqual([
      'a: 1 -> nothing',
      'b: [1] -> [2]',
      'c: nothing -> null',
    ]);
  });
});

describe('collectVersions', () => {
  it('follows our packages and lists their dependencies', async () => {
    const modules = join(parent, 'app', 'node_modules');
    const manifests: [string, object][] = [
      [
        join(parent, 'app'),
        { name: 'app', version: '1.0.0', dependencies: { '@inplace-abn/a': '*', zed: '*' } },
      ],
      [
        join(modules, '@inplace-abn', 'a'),
        { name: '@inplace-abn/a', version: '2.0.0', dependencies: { sharp: '*', gone: '*' } },
      ],
      [join(modules, 'sharp'), { name: 'sharp', version: '3.0.0', dependencies: { inner: '*' } }],
      [join(modules, 'inner'), { name: 'inner', version: '9.0.0' }],
      [join(modules, 'zed'), { name: 'zed', version: '4.0.0' }],
    ];
    for (const [folder, manifest] of manifests) {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
    }
    const found = collectVersions(`file://${join(parent, 'app', 'dist', 'main.js')}`);
    expect(found.packages).toEqual({ '@inplace-abn/a': '2.0.0', app: '1.0.0', sharp: '3.0.0', zed: '4.0.0' });
    expect(found).toMatchObject({ node: process.version, platform: `${process.platform}-${process.arch}` });
    expect(found.cores).toBeGreaterThan(0);
  });
});
