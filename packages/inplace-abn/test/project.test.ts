import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createProject, packageName } from '../src/create-project.js';
import { crossEntropy, Session } from '../src/index.js';
import { sgd } from '../src/optim.js';
import { batchOf, CLASSES, SIZE } from '../template/src/data.js';
import { Network } from '../template/src/network.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'project-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('imports the API without the addon', () => {
  expect(Session).toBeTypeOf('function');
  expect(readFileSync('/proc/self/maps', 'utf8')).not.toContain('inplace_abn.node');
});

describe('inplace-abn new', () => {
  it('writes a project of this version', async () => {
    const target = join(folder, 'My Network');
    await createProject(target);
    const manifest = JSON.parse(readFileSync(join(target, 'package.json'), 'utf8'));
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8'));
    expect(manifest).toMatchObject({ name: 'my-network', dependencies: { 'inplace-abn': `^${version}` } });
    expect(readFileSync(join(target, '.gitignore'), 'utf8')).toContain('node_modules/');
  });

  it('leaves a nonempty folder alone', async () => {
    writeFileSync(join(folder, 'notes'), '');
    await expect(createProject(folder)).rejects.toThrow('is not empty: name a new folder');
    await expect(createProject(join(folder, 'notes'))).rejects.toThrow('cannot be used: ENOTDIR');
  });

  it('gives the package a valid npm name', () => {
    expect([packageName('.hidden'), packageName('Größe 2'), packageName('/')]).toEqual([
      'hidden',
      'gr-e-2',
      'training',
    ]);
  });

  it('contains a network that learns', async () => {
    const session = new Session(new Network(CLASSES), {
      input: { shape: [1, SIZE, SIZE] },
      loss: crossEntropy(),
      optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
    });
    const { x, y } = batchOf(16, 0);
    const { loss: first } = await session.train(x, y);
    for (let step = 0; step < 30; step++) await session.train(x, y);
    expect((await session.train(x, y)).loss).toBeLessThan(first / 2);
  });
});
