/**
 * Teams of threads of the addon's kernels: `native/test/threads.cc`, which `npm run test:all` builds with the
 * addon of our own kernels and tests with it. Next to another addon it may be of an earlier build.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const BUILT = process.env.IABN_ADDON?.includes('own-kernels') ?? false;

const program = (name: string): string =>
  fileURLToPath(new URL(`../../../../native/build/test/${name}`, import.meta.url));
const POOL = program('threads_of_pool');
const SANITIZED = program('threads_of_pool_sanitized');
const OPENMP = program('threads_of_openmp');

/**
 * How the thread sanitizer of GCC 12 and 13 ends where the system draws more than 28 bits of an address. Only
 * root may read how many it draws.
 */
const TOO_RANDOM = 'ThreadSanitizer: unexpected memory mapping';

const divisions = (file: string, ...args: string[]): string => execFileSync(file, args, { encoding: 'utf8' });

describe.runIf(BUILT)('a pool of threads', () => {
  it('keeps the order of loops, passes exceptions on, and survives a fork', () => {
    expect(divisions(POOL, 'callers', 'fork')).toContain('3 threads, 7 tasks: 0 0 0 1 1 2 2');
  });

  // The build has it where the compiler has OpenMP.
  it.skipIf(!existsSync(OPENMP))('divides tasks as OpenMP does', () => {
    expect(divisions(POOL)).toBe(divisions(OPENMP));
  });

  it('has no races', (context) => {
    const env = { ...process.env, TSAN_OPTIONS: 'halt_on_error=1' };
    // Without a fork, after which the thread sanitizer starts no threads.
    const { status, stdout, stderr } = spawnSync(SANITIZED, ['callers'], { env, encoding: 'utf8' });
    context.skip(status !== 0 && stderr.includes(TOO_RANDOM), TOO_RANDOM);
    expect(status, stderr).toBe(0);
    expect(stdout).toBe(divisions(POOL));
  });
});
