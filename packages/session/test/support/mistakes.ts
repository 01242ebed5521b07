/** Mistakes of a caller and the errors they raise. */
import { UsageError } from '@inplace-abn/core';
import { expect } from 'vitest';

export type Mistake = readonly [name: string, code: string, message: RegExp, body: () => unknown];

/** A call as JavaScript makes it, without TypeScript's checks. */
export const untyped = <T>(value: unknown) => value as T;

/** Expects one sentence with a code, thrown at a line of `file`, or where its promise is awaited. */
export async function expectMistake(
  body: () => unknown,
  { code, message, file }: { readonly code: string; readonly message: RegExp; readonly file: string },
): Promise<void> {
  const error = await (async () => body())().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UsageError);
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  expect(error).toHaveProperty('stack', expect.stringMatching(`${file}|support/mistakes.ts`));
}
