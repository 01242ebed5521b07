import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodeOf } from '@inplace-abn/cli';
import { describe, expect, it } from 'vitest';
import { inspectCommand } from '../src/cli/inspect-command.js';
import {
  formatInspection,
  inspectCheckpoint,
  publishedModel,
  type TorchValue,
  writeSafetensors,
  writeTorch,
} from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';
import { float32 } from './tensors.js';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/torch/${name}`, import.meta.url));
const root = await temporaryFolder();

describe('inspectCheckpoint', () => {
  it('lists tensors and other values', async () => {
    const inspection = await inspectCheckpoint(fixture('sgd.legacy.pth'));
    expect(inspection).toMatchObject({ format: 'torch-legacy', published: null, elements: 140 });
    expect(formatInspection({ ...inspection, path: 'sgd.pth', md5: '36ce…' })).toMatchInlineSnapshot(`
      "sgd.pth
        format  PyTorch, legacy stream
        size    3.32 KiB
        md5     36ce…
        model   not a file that the authors published
        names   without module.

      other values
        epoch       3
        arch        resnet50
        best_prec1  71.25
        optimizer   dictionary of 2: state, param_groups

      state dictionary: 8 tensors, 140 elements, 564 B
        conv1.weight             float32  [4, 3, 3, 3]  432 B
        bn1.weight               float32  [4]           16 B
        bn1.bias                 float32  [4]           16 B
        bn1.running_mean         float32  [4]           16 B
        bn1.running_var          float32  [4]           16 B
        bn1.num_batches_tracked  int64    []            8 B
        fc.weight                float32  [3, 4]        48 B
        fc.bias                  float32  [3]           12 B"
    `);
  });

  const OPAQUE = {
    epoch: 3,
    best_prec1: 71.25,
    half: /^opaque: numpy\.generic\(numpy\.dtype\('f2'/,
    yes: true,
    array: /^opaque: numpy\.(ndarray \[2, 3\] of i4|core\.numeric\._frombuffer\()/,
    args: /^opaque: argparse\.Namespace\(lr=0\.1, arch='resnet50', resume=None\)$/,
    seen: /^opaque: collections\.Counter\(a=2, b=1\)$/,
    history: /^opaque: collections\.defaultdict\(builtins\.list, \('loss', \[1\.5\]\)\)$/,
    skipped: /^opaque: builtins\.set\(/,
    frozen: /^opaque: builtins\.frozenset\(/,
    device: /^opaque: torch\.device\('cuda', 0\)$/,
    rng: 'list of 5',
    by_pair: 'opaque: a dictionary with a tuple as a key',
    complex: 'opaque: tensor of torch.ComplexFloatStorage',
    dtype: 'torch.float32',
  };

  it.each(['zip', 'legacy', 'protocol5', 'numpy2'])(
    'lists foreign objects next to the weights as opaque (%s)',
    async (container) => {
      const { tensors, rest, prefixes } = await inspectCheckpoint(fixture(`foreign.${container}.pth`));
      expect(tensors.map(({ name }) => name)).toEqual(['weight', 'bias']);
      expect(prefixes).toEqual(['module.']);
      const expected = Object.entries(OPAQUE).map(([key, value]) => [
        key,
        value instanceof RegExp ? expect.stringMatching(value) : value,
      ]);
      expect(rest).toEqual(Object.fromEntries(expected));
    },
  );

  it('reads safetensors', async () => {
    const path = join(root, 'a.safetensors');
    await writeSafetensors(path, new Map([['w', float32([2], [1, 2])]]), {
      metadata: { note: 'n'.repeat(500) },
    });
    const { format, tensors, rest } = await inspectCheckpoint(path);
    expect(format).toBe('safetensors');
    expect(tensors).toEqual([{ name: 'w', dtype: 'float32', shape: [2], bytes: 8 }]);
    expect(rest.note).toBe(`${'n'.repeat(200)} …`);
  });

  it('shows scalars of every dtype, without control characters', async () => {
    const path = join(root, 'scalars.pth');
    const value = new Map<string, TorchValue>([
      ['state_dict', new Map([['a\u001b[2Jb', float32([1], [1])]])],
      ['half', { dtype: 'float16', shape: [], data: Uint16Array.of(0x3e00) }],
      ['count', { dtype: 'int64', shape: [1], data: BigInt64Array.of(7n) }],
      ['flag', { dtype: 'bool', shape: [], data: Uint8Array.of(1) }],
      ['many', float32([2], [1, 2])],
      ['list', [1, 2]],
      ['big', 2n ** 70n],
    ]);
    await writeTorch(path, value);
    const inspection = await inspectCheckpoint(path);
    expect(inspection.rest).toEqual({
      half: 1.5,
      count: 7,
      flag: true,
      many: 'float32 [2]',
      list: 'list of 2',
      big: '1180591620717411303424',
    });
    const text = formatInspection(inspection);
    expect(text).toContain('a\\x1b[2Jb');
    expect(text).not.toContain('\u001b');
    expect(formatInspection(inspection, (heading) => `*${heading}*`)).toContain(
      '*state dictionary: 1 tensor,',
    );
  });

  it('fails like reading', async () => {
    const path = join(root, 'cut.pth');
    const bytes = await readFile(fixture('sgd.zip.pth'));
    await writeFile(path, bytes.subarray(0, 1000));
    await expect(inspectCheckpoint(path)).rejects.toThrow('it has no directory at its end');
  });
});

describe('inspect', () => {
  async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const text = { out: '', err: '' };
    const streams = {
      out: (part: string) => {
        text.out += part;
      },
      err: (part: string) => {
        text.err += part;
      },
      colors: false,
    };
    const invocation = { module: import.meta.url, args, env: {}, err: streams.err };
    return { code: await exitCodeOf(inspectCommand(streams), invocation), ...text };
  }

  it('prints text, or JSON', async () => {
    const path = fixture('old.zip.pth');
    const { code, out, err } = await run(path);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('state dictionary: 7 tensors');
    const json = await run(path, '--json');
    expect(JSON.parse(json.out)).toEqual(await inspectCheckpoint(path));
  });

  it('exits with 1 after an error, 2 after a usage error and 0 after help', async () => {
    const path = join(root, 'absent.pth');
    expect(await run(path)).toEqual({
      code: 1,
      out: '',
      err: `error: Cannot read ${path}: there is no such file.\n`,
    });
    expect((await run()).code).toBe(2);
    expect((await run('--color', path)).err).toContain("unknown option '--color'");
    const help = await run('--help');
    expect(help.code).toBe(0);
    expect(help.out).toContain('Usage: inspect [options] <file>');
    expect(await run('--version')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^inspect \d+\.\d+\.\d+\n$/),
    });
  });
});

describe('publishedModel', () => {
  it('recognizes the ten published files', () => {
    expect(publishedModel('2522ca639f7fdfd7c0089ba1f5f6c2e8')).toEqual({
      name: 'ResNet50, synchronized',
      experiment: 'resnet50_ipabn-sync_lr_512',
      license: 'the license of ImageNet',
    });
    expect(publishedModel('913f78486a34aa1577a7cd295e8a33bb')?.name).toContain('Vistas');
    expect(publishedModel('constructor')).toBeUndefined();
  });
});
