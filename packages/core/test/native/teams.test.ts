/**
 * Thread teams of the addon's kernels: `native/test/threads.cc`, which `npm run test:all` builds and tests
 * with the addon of our own kernels. With another addon, the program may be left from an earlier build.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const BUILT = process.env.IABN_ADDON?.endsWith('/own-kernels/inplace_abn.node') ?? false;

const program = (name: string): string =>
  fileURLToPath(new URL(`../../../../native/build/test/${name}`, import.meta.url));
const POOL = program('threads_of_pool');
const SANITIZED = program('threads_of_pool_sanitized');
const OPENMP = program('threads_of_openmp');

/**
 * Message with which the thread sanitizer of GCC 12 and 13 fails if the system randomizes more than 28 bits
 * of addresses (ASLR). Only root can read that number.
 */
const TOO_RANDOM = 'ThreadSanitizer: unexpected memory mapping';

const divisions = (file: string, ...args: string[]): string => execFileSync(file, args, { encoding: 'utf8' });

describe.runIf(BUILT)('a pool of threads', () => {
  it('keeps the order of loops, passes exceptions on, and survives a fork', () => {
    expect(divisions(POOL, 'callers', 'fork')).toContain('3 threads, 7 tasks: 0 0 0 1 1 2 2');
  });

  // Built only if the compiler has OpenMP.
  it.skipIf(!existsSync(OPENMP))('divides tasks as OpenMP does', () => {
    expect(divisions(POOL)).toBe(divisions(OPENMP));
  });

  it('has no races', (context) => {
    const env = { ...process.env, TSAN_OPTIONS: 'halt_on_error=1' };
    // Without `fork`: the thread sanitizer starts no threads after a fork.
    const { status, stdout, stderr } = spawnSync(SANITIZED, ['callers'], { env, encoding: 'utf8' });
    context.skip(status !== 0 && stderr.includes(TOO_RANDOM), TOO_RANDOM);
    expect(status, stderr).toBe(0);
    expect(stdout).toBe(divisions(POOL));
  });
});
