/**
 * Caches search results across processes: a restarted run asks the same questions. Each answer has its own
 * file, named by a digest of everything it depends on.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Cache folder; null if caching is disabled (IABN_PLAN_CACHE is empty). */
function folder(): string | null {
  const { IABN_PLAN_CACHE, XDG_CACHE_HOME } = process.env;
  if (IABN_PLAN_CACHE !== undefined) return IABN_PLAN_CACHE || null;
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'inplace-abn', 'plans');
}

export class Remembered {
  private readonly file: string | null;

  /** `question`: everything the answer depends on, including the version of the search. */
  constructor(question: readonly (string | Uint8Array)[]) {
    const hash = createHash('sha256');
    for (const part of question) hash.update(part);
    const where = folder();
    this.file = where && join(where, `${hash.digest('hex').slice(0, 32)}.json`);
  }

  /** Applies `use` to the cached answer; null if there is none, or if `use` throws. */
  read<T>(use: (answer: unknown) => T): T | null {
    if (!this.file) return null;
    try {
      return use(JSON.parse(readFileSync(this.file, 'utf8')));
    } catch {
      return null;
    }
  }

  /** `answer`: any JSON value. If the folder is not writable, the only cost is another search. */
  write(answer: unknown): void {
    if (!this.file) return;
    try {
      mkdirSync(dirname(this.file), { recursive: true });
      const temporary = `${this.file}.${process.pid}`;
      writeFileSync(temporary, JSON.stringify(answer));
      renameSync(temporary, this.file);
    } catch {
      // See above: the cache is optional.
    }
  }
}
