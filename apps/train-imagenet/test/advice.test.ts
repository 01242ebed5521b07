import { withAdvice } from '@inplace-abn/cli';
import { UsageError } from '@inplace-abn/core';
import { type RunFolderCode, RunFolderError } from '@inplace-abn/train';
import { expect, it } from 'vitest';
import { ADVICE, continueWith } from '../src/advice.js';

const folder = (code: RunFolderCode, checkpoint: string | null = null) =>
  new RunFolderError('MESSAGE', code, checkpoint);

it.each([
  [folder('ERR_RUN_FOLDER'), 'MESSAGE with --log-dir'],
  [folder('ERR_NO_RUN'), 'MESSAGE; check --resume and --log-dir'],
  [folder('ERR_RUN_FOLDER_TAKEN'), 'MESSAGE: --continue, or another --log-dir'],
  [
    folder('ERR_RUN_FOLDER_TAKEN', 'run/checkpoints'),
    'MESSAGE: --resume run/checkpoints, or another --log-dir',
  ],
  [folder('ERR_TORCH_RUN', 'checkpoint.pth.tar'), 'MESSAGE with --resume and --log-dir'],
  [new UsageError('MESSAGE', { code: 'ERR_OTHER_OPTIMIZER' }), 'MESSAGE with --weights-only'],
  [
    new UsageError('MESSAGE', { code: 'ERR_UNKNOWN_ORIGIN' }),
    'MESSAGE, with --trained-with standard or --trained-with inplace',
  ],
  [new UsageError('MESSAGE'), 'MESSAGE'],
])('an error of a library names the option that helps: %#', async (error, message) => {
  await expect(withAdvice(ADVICE, () => Promise.reject(error))).rejects.toBe(error);
  expect(error.message).toBe(message);
});

it('suggests resuming from checkpoints, or starting over', () => {
  expect(continueWith('run/checkpoints')).toBe('--resume run/checkpoints');
  expect(continueWith(null)).toBe('--continue (it starts over, since it has no checkpoint yet)');
});
