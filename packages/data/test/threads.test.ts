import { expect, it } from 'vitest';
import { DataError } from '../src/errors.js';
import { startError } from '../src/threads.js';

const missing = (file: string) =>
  Object.assign(new Error(`Cannot find module '/app/out/${file}'\nRequire stack:\n`), {
    code: 'MODULE_NOT_FOUND',
  });

it("says how a bundle includes the threads' file", () => {
  const error = startError(missing('worker.js'));
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toMatch(
    /'\/app\/out\/worker\.js'.*mark `@inplace-abn\/\*` as external, or bundle `@inplace-abn\/data\/worker` into that file$/,
  );
});

it('leaves other errors of a thread unchanged', () => {
  for (const error of [missing('square.mjs'), new Error('out of memory')]) {
    expect(startError(error)).toBe(error);
  }
});
