import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { newFolder } from '../vitest/new-folder.js';
import { publishAll, tagOf } from './publish.mjs';

const [CORE, LINUX, ALL] = ['@inplace-abn/core', '@inplace-abn/native-linux-x64', 'inplace-abn'];
const MANIFESTS = [
  { name: CORE, optionalDependencies: { [LINUX]: '*' } },
  { name: LINUX },
  { name: ALL, dependencies: { [CORE]: '*', zod: '*' } },
];
const ORDER = [LINUX, CORE, ALL];

let said;
beforeEach(() => {
  said = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
  return () => vi.restoreAllMocks();
});

/** A folder with a tarball of each package. */
async function released(version) {
  const folder = await newFolder('iabn-publish');
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const manifest of MANIFESTS) {
    const { name } = manifest;
    const from = path.join(folder, name);
    await mkdir(path.join(from, 'package'), { recursive: true });
    await writeFile(path.join(from, 'package', 'package.json'), JSON.stringify({ ...manifest, version }));
    const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
    const { status } = spawnSync('tar', ['-czf', path.join(folder, file), '-C', from, 'package']);
    expect(status).toBe(0);
  }
  return folder;
}

/** npm with a registry, whose connection breaks at a publication. */
function registry({ broken = '' } = {}) {
  const published = [];
  const held = (id) => published.some((entry) => entry.id === id);
  const npm = ([command, subject, ...options]) => {
    const answer = { status: 0, stdout: '', stderr: '' };
    const refuse = (stderr) => ({ ...answer, status: 1, stderr: `npm error code ${stderr}` });
    if (command === 'view') {
      return held(subject) ? { ...answer, stdout: `${subject.split('@').at(-1)}\n` } : refuse('E404');
    }
    expect(command).toBe('publish');
    const { stdout } = spawnSync('tar', ['-xzOf', subject, 'package/package.json']);
    const { name, version } = JSON.parse(stdout);
    if (name === broken) return refuse('ECONNRESET');
    if (held(`${name}@${version}`)) return refuse('E403');
    published.push({ id: `${name}@${version}`, tag: options[options.indexOf('--tag') + 1] });
    return answer;
  };
  return {
    npm,
    published,
    mend: () => {
      broken = '';
    },
  };
}

it('a package is published after those that it needs', async () => {
  const { npm, published } = registry();
  publishAll(await released('1.2.0'), npm);
  expect(published).toEqual(ORDER.map((name) => ({ id: `${name}@1.2.0`, tag: 'latest' })));
});

it('a publication that stopped goes on where it stopped', async () => {
  const folder = await released('1.2.0-beta.1');
  const { npm, published, mend } = registry({ broken: CORE });
  expect(() => publishAll(folder, npm)).toThrow(
    'ECONNRESET\n@inplace-abn/core@1.2.0-beta.1 cannot be published',
  );
  expect(published).toHaveLength(1);
  mend();
  publishAll(folder, npm);
  expect(said).toContain(`- ${LINUX}@1.2.0-beta.1 is published already`);
  expect(published).toEqual(ORDER.map((name) => ({ id: `${name}@1.2.0-beta.1`, tag: 'beta' })));
});

it('nothing is published while npm does not answer', async () => {
  const folder = await released('1.2.0');
  const calls = [];
  const npm = (args) => {
    calls.push(args[0]);
    return { status: 1, stdout: '', stderr: 'npm error code ETIMEDOUT' };
  };
  expect(() => publishAll(folder, npm)).toThrow(
    'ETIMEDOUT\nnpm does not say whether @inplace-abn/native-linux',
  );
  expect(calls).toEqual(['view']);
});

it.each([
  ['1.0.0', 'latest'],
  ['1.0.0+build-7', 'latest'],
  ['1.0.0-beta.2', 'beta'],
  ['1.0.0-rc', 'rc'],
  ['1.0.0-2', 'next'],
])('version %s gets the tag %s', (version, tag) => {
  expect(tagOf(version)).toBe(tag);
});
