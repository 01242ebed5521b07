import { describe, expect, it } from 'vitest';
import { withAdvice } from '../src/index.js';

class CodedError extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

describe('withAdvice', () => {
  const advice = {
    ERR_TAKEN: ' with --log-dir',
    ERR_FOUND: ({ message }: Error) => `: --resume ${message.length}`,
  };
  const failing = (error: unknown) => withAdvice(advice, () => Promise.reject(error));

  it('appends the advice for an error code to the message and keeps the error', async () => {
    const error = new CodedError('choose another', 'ERR_TAKEN');
    await expect(failing(error)).rejects.toBe(error);
    expect(error.message).toBe('choose another with --log-dir');
    await expect(failing(new CodedError('seven', 'ERR_FOUND'))).rejects.toThrow('seven: --resume 5');
  });

  it('leaves other errors and results unchanged', async () => {
    await expect(failing(new CodedError('else', 'ERR_ELSE'))).rejects.toThrow(/^else$/);
    await expect(failing(new Error('plain'))).rejects.toThrow(/^plain$/);
    await expect(withAdvice(advice, async () => 5)).resolves.toBe(5);
  });
});
