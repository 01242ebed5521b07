import { describe, expect, it, vi } from 'vitest';
import {
  CALLED_AS,
  CommandLineError,
  commandLine,
  exitCodeOf,
  isClosed,
  type ProgramCommand,
  signalExitCode,
  surviveClosedOutput,
} from '../src/index.js';

/** A command that runs `act` instead of parsing. */
function command(act: () => Promise<void>): ProgramCommand & { readonly versions: string[] } {
  const versions: string[] = [];
  let name = 'test';
  return {
    versions,
    name: (text?: string) => {
      if (text !== undefined) name = text;
      return name;
    },
    options: [{ long: '--batch' }],
    version: (text) => versions.push(text),
    exitOverride: () => {},
    parseAsync: act,
  };
}

async function run(act: () => Promise<void>, env: Record<string, string> = {}) {
  let err = '';
  const program = command(act);
  const code = await exitCodeOf(program, {
    module: import.meta.url,
    args: ['config.json'],
    env,
    err: (text) => {
      err += text;
    },
  });
  return { code, err, version: program.versions[0] };
}

const fail = (error: unknown) => async () => {
  throw error;
};

describe('exitCodeOf', () => {
  it('is 0 for a program that succeeds, and sets its version', async () => {
    expect(await run(async () => {})).toEqual({
      code: 0,
      err: '',
      version: expect.stringMatching(/^test \d+\.\d+\.\d+$/),
    });
  });

  it('keeps subcommands from ending the process themselves', async () => {
    const [outer, inner] = [vi.fn(), vi.fn()];
    const program = { ...command(async () => {}), exitOverride: outer, commands: [{ exitOverride: inner }] };
    await exitCodeOf(program, { module: import.meta.url, args: [], env: {} });
    expect([outer, inner].map((each) => each.mock.calls.length)).toEqual([1, 1]);
  });

  it('prints the name under which the program was called', async () => {
    const { version } = await run(async () => {}, { [CALLED_AS]: 'inplace-abn train' });
    expect(version).toMatch(/^inplace-abn train \d/);
  });

  it('is 1 for an error, with its stack on request', async () => {
    expect(await run(fail(new Error('no disk')))).toMatchObject({ code: 1, err: 'error: no disk\n' });
    expect((await run(fail(new Error('no disk')), { IABN_DEBUG: '1' })).err).toMatch(
      /^error: no disk\nError: .*\n +at /,
    );
  });

  it('escapes control characters in errors', async () => {
    const { err } = await run(fail(new Error('no layer \u001b[31mfc\nfix it')));
    expect(err).toBe('error: no layer \\x1b[31mfc\nfix it\n');
  });

  it('is 2 for a usage error', async () => {
    expect(await run(fail(new CommandLineError('add --resume PATH')))).toMatchObject({
      code: 2,
      err: 'error: add --resume PATH\n',
    });
  });

  it.each([
    ['commander.unknownOption', 1, 2],
    ['commander.helpDisplayed', 0, 0],
  ])('leaves %s to commander, which has already explained it', async (code, exitCode, expected) => {
    const error = Object.assign(new Error('explained'), { code, exitCode });
    expect(await run(fail(error))).toMatchObject({ code: expected, err: '' });
  });

  it('is 2 if npm consumed an option, and the program does not run', async () => {
    const act = vi.fn(async () => {});
    const env = { npm_command: 'run', npm_lifecycle_event: 'plan', npm_config_batch: '8' };
    const { code, err } = await run(act, env);
    expect(code).toBe(2);
    expect(err).toMatch(/^error: npm kept --batch for itself: .*npm run plan -- /);
    expect(act).not.toHaveBeenCalled();
  });
});

describe('output', () => {
  it('may lose its reader without an error', () => {
    const listeners: ((error: Error) => void)[] = [];
    surviveClosedOutput([{ on: (_, listener) => listeners.push(listener) }]);
    const [listener] = listeners;
    expect(() => listener?.(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))).not.toThrow();
    expect(() => listener?.(Object.assign(new Error('disk full'), { code: 'ENOSPC' }))).toThrow('disk full');
    expect(isClosed(Object.assign(new Error('the terminal is gone'), { code: 'EIO' }))).toBe(true);
  });
});

it('commandLine can be pasted into a shell', () => {
  expect(commandLine('train', ['a b.json', "it's", '--log-dir=runs/x', ''])).toBe(
    "train 'a b.json' 'it'\\''s' --log-dir=runs/x ''",
  );
  expect(commandLine('inplace-abn train', ['config.json'])).toBe('inplace-abn train config.json');
});

describe('signalExitCode', () => {
  it.each([
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('maps %s to the exit code of shells: %i', (signal, code) => {
    expect(signalExitCode(signal)).toBe(code);
  });
});
