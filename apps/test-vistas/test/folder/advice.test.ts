import { withAdvice } from '@inplace-abn/cli';
import { UsageError } from '@inplace-abn/core';
import { expect, it } from 'vitest';
import { ADVICE } from '../../src/folder/advice.js';

it('names the options that help where an image does not fit', async () => {
  const error = new UsageError('make it smaller or set a memory budget', { code: 'ERR_MEMORY' });
  await expect(withAdvice(ADVICE, () => Promise.reject(error))).rejects.toThrow(
    /^make it smaller or set a memory budget \(--max-size, --memory-budget\)$/,
  );
});
