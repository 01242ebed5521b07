import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { start } from '../src/start.js';

function started(version: string): { loaded: number; printed: string; exitCode: unknown } {
  const before = process.exitCode;
  let loaded = 0;
  let printed = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  try {
    start('train-imagenet', async () => loaded++, version);
    return { loaded, printed, exitCode: process.exitCode };
  } finally {
    process.exitCode = before;
  }
}

afterEach(() => vi.restoreAllMocks());

describe('start', () => {
  it.each(['18.20.8', '20.14.0', '16.0.0'])('says in one sentence that Node %s is too old', (version) => {
    expect(started(version)).toEqual({
      loaded: 0,
      printed: `error: train-imagenet needs Node 20.15 or later, and this is ${version}\n`,
      exitCode: 2,
    });
  });

  it.each(['20.15.0', '20.19.4', '22.1.0', '100.0.0-pre'])('loads the program on Node %s', (version) => {
    expect(started(version)).toMatchObject({ loaded: 1, printed: '' });
  });

  it('requires the version that the manifest requires', () => {
    const manifest = new URL('../package.json', import.meta.url);
    const { engines } = JSON.parse(readFileSync(manifest, 'utf8')) as { engines: { node: string } };
    expect(engines.node).toBe('>=20.15');
    expect(started('20.14.9').printed).toContain('Node 20.15 or later');
  });
});
