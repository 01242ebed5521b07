import { expect, it } from 'vitest';
import { runsAlone, sharingFiles } from './sharing.mjs';

it('a file that changes its process runs in a separate one', () => {
  expect(runsAlone("vi.mock('node:fs')")).toBe(true);
  expect(runsAlone("process.env.RANK = '1';")).toBe(true);
  expect(runsAlone("Object.assign(process.env, { RANK: '1' });")).toBe(true);
  expect(runsAlone("vi.spyOn(process.stdout, 'write')")).toBe(false);
  expect(runsAlone("const env = { ...process.env, RANK: '1' };")).toBe(false);
});

it('shares processes among tests of packages, and not of programs', () => {
  const files = sharingFiles();
  expect(files).toContain('scripts/lib/members.test.mjs');
  expect(files).toContain('packages/core/test/kernels/kernels.test.ts');
  expect(files.filter((file) => /^(apps|packages\/cuda)/.test(file))).toEqual([]);
});
