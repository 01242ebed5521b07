/** Every exported name, constructor and property has a doc comment, and every link in one leads somewhere. */
import { expect, it } from 'vitest';
import { buildReference } from './reference.mjs';

it('the API reference has no warnings', async () => {
  expect(await buildReference()).toEqual([]);
});
