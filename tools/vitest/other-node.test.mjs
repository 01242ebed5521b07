import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { newFolder } from './new-folder.js';
import { otherNode } from './other-node-environment.mjs';

/** Starts Node by its path and prints a variable in it. */
const PROGRAM = `process.stdout.write(require('node:child_process').execFileSync(process.execPath, ['-p', 'process.env.WORD']))`;

it('starts Node through another command with all its words', async () => {
  const folder = await newFolder("node's own");
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const word = "it's a word";
  const variables = otherNode(path.join(folder, 'node'), ['env', `WORD=${word}`, process.execPath]);
  const printed = execFileSync(process.execPath, ['-e', PROGRAM], {
    env: { ...process.env, ...variables },
    encoding: 'utf8',
  });
  expect(printed).toBe(`${word}\n`);
});
