/** The built program as a shell sees it. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../bin/inplace-abn.js', import.meta.url));

async function help(...args: string[]): Promise<string> {
  const env = { ...process.env, NODE_OPTIONS: '', IABN_CALLED_AS: 'another program' };
  return (await promisify(execFile)(process.execPath, [PROGRAM, ...args, '--help'], { env })).stdout;
}

describe('inplace-abn', () => {
  it.each([
    ['train', 'train-imagenet'],
    ['test', 'test-imagenet'],
    ['segment', 'test-vistas'],
    ['predict', undefined],
    ['plan', undefined],
    ['data', undefined],
    ['replay', undefined],
    ['compare', undefined],
    ['convert', undefined],
    ['export', undefined],
    ['inspect', undefined],
    ['new', undefined],
    ['doctor', undefined],
  ])('%s appears under this name in its help', async (name, own) => {
    const text = await help(name);
    expect(text).toMatch(new RegExp(`^Usage: inplace-abn ${name} \\[options\\]`));
    expect(text).toMatch(/^Examples?:\n {2}\S/m);
    expect(text).toContain('Exit codes: 0 ');
    if (own === undefined) return;
    expect(text).toContain(`Examples:\n  inplace-abn ${name} `);
    expect(text).not.toContain(own);
  });

  it('has its own help', async () => {
    const text = await help();
    expect(text).toMatch(/^Usage: inplace-abn \[/);
    expect(text).toContain('Examples:\n  inplace-abn doctor\n');
    expect(text).toContain('Exit codes: 0 ');
  });
});
