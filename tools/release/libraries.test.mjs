import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { newFolder } from '../vitest/new-folder.js';
import { described } from './libraries.mjs';

it('states the package, the sources and the license of a library', async () => {
  const root = await newFolder('system');
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(path.join(root, 'usr/share/doc/libgomp1'), { recursive: true });
  writeFileSync(path.join(root, 'usr/share/doc/libgomp1/copyright'), 'GPL with an exception');
  const file = path.join(root, 'usr/lib/libgomp.so.1.0.0');
  // dpkg-query has a line for each architecture.
  expect(described(file, 'libgomp1 gcc-12 12.2.0-14\nlibgomp1 gcc-12 12.2.0-15\n', root)).toEqual({
    file,
    name: 'libgomp1',
    source: 'gcc-12',
    version: '12.2.0-14',
    copyright: 'GPL with an exception',
  });
  expect(() => described(file, 'libother gcc-12 1\n', root)).toThrow('belongs to no package of Debian');
  expect(() => described(file, undefined, root)).toThrow('its license is not known');
});
