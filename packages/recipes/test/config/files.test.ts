/** Configuration files: the line and column of each mistake, and invalid JSON. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config/config.js';
import { architectures } from './problems.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'train-config-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function loadText(text: string): Promise<string> {
  const path = join(folder, 'c.json');
  await writeFile(path, text);
  const error: unknown = await loadConfig(path, { architectures }).catch((e: unknown) => e);
  return error instanceof ConfigError ? error.message.replaceAll(path, 'c.json') : 'loaded';
}

describe('a configuration file', () => {
  it('is reported with the line and column of each wrong key or value', async () => {
    const text = '{\n  "optimizer": {\n    "momentun": 0.9,\n    "clip": "x"\n  },\n  "seed": 1.5\n}\n';
    expect(await loadText(text)).toBe(
      [
        'c.json:3:5: optimizer.momentun: unknown key; did you mean "momentum"?',
        'c.json:4:13: optimizer.clip: expected a number of at least 0, received "x"',
        'c.json:6:11: seed: expected an integer of at least 0, received 1.5',
      ].join('\n'),
    );
  });

  it('is reported with the first 20 of very many problems', async () => {
    const unknown = Array.from({ length: 10_000 }, (_, i) => [`unknown_${i}`, i]);
    const text = JSON.stringify({ network: Object.fromEntries(unknown) }, null, 1);
    const lines = (await loadText(text)).split('\n');
    expect(lines).toHaveLength(21);
    expect(lines[19]).toMatch(/^c\.json:22:3: network\.unknown_19: unknown key; known are arch, /);
    expect(lines[20]).toBe('c.json: … and 9980 more');
  });

  it('is reported with the position of the nearest parent of a missing key', async () => {
    expect(await loadText('{"optimizer": {\n "schedule": {"type": "exponential"}}}')).toBe(
      'c.json:2:2: optimizer.schedule.params.gamma: is missing, expected a number above 0',
    );
  });

  it('may not give a key twice', async () => {
    expect(await loadText('{"seed": 1,\n "seed": 2}')).toBe('c.json:2:2: seed: given twice, first on line 1');
  });

  it.each([
    ['{"seed": 1,}', "c.json:1:12: not valid JSON: unexpected '}'"],
    ['{\n  "seed": tru\n}', "c.json:2:11: not valid JSON: unexpected identifier 'tru'"],
    ['', 'c.json:1:1: not valid JSON: unexpected end of input'],
    ['{"seed": 1', 'c.json:1:11: not valid JSON: unexpected end of input'],
  ])('is reported with the position of the syntax error in %j', async (text, expected) => {
    expect(await loadText(text)).toBe(expected);
  });

  it('may start with a byte order mark', async () => {
    expect(await loadText('\uFEFF{}')).toBe('loaded');
  });

  it('is named if it does not exist', async () => {
    const path = join(folder, 'absent.json');
    await expect(loadConfig(path)).rejects.toThrow(
      `${path}: there is no such file; expected a JSON training configuration`,
    );
  });

  it('cannot set the prototype', async () => {
    expect(await loadText('{"__proto__": {"seed": 4}}')).toMatch(/^c\.json:1:2: __proto__: unknown key/);
  });
});
