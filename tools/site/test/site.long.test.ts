/** The whole site with the API reference has no warning and no broken link or anchor. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';

const folder = mkdtempSync(path.join(tmpdir(), 'site-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('npm run site', async () => {
  const program = fileURLToPath(new URL('../build.mjs', import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, folder]);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/index\.html: \d+ pages, the API reference and the planner/);
});
