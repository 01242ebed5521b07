/**
 * Teams of threads of the addon's kernels: `native/test/threads.cc`, where it is built (`npm run test:all`
 * does).
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const program = (name: string): string =>
  fileURLToPath(new URL(`../../../../native/build/test/${name}`, import.meta.url));
const POOL = program('threads_of_pool');
const SANITIZED = program('threads_of_pool_sanitized');
const OPENMP = program('threads_of_openmp');

function divisions(file: string, args: readonly string[] = []): string {
  const env = { ...process.env, TSAN_OPTIONS: 'halt_on_error=1' };
  return execFileSync(file, args, { env, encoding: 'utf8' });
}

describe.skipIf(!existsSync(POOL))('a pool of threads', () => {
  it('keeps the order of loops, passes exceptions on, and survives a fork', () => {
    expect(divisions(POOL, ['callers', 'fork'])).toContain('3 threads, 7 tasks: 0 0 0 1 1 2 2');
  });

  it.skipIf(!existsSync(OPENMP))('divides tasks as OpenMP does', () => {
    expect(divisions(POOL)).toBe(divisions(OPENMP));
  });

  it.skipIf(!existsSync(SANITIZED))('has no races', () => {
    // Without a fork, after which the thread sanitizer starts no threads.
    expect(divisions(SANITIZED, ['callers'])).toBe(divisions(POOL));
  });
});
