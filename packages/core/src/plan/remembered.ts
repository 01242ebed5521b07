/**
 * Answers that take a search, from one process to the next: a run that is started again asks the same questions. A file
 * each, named by a digest of all that the answer follows from.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** Folder of the answers; null where the environment asks for none (IABN_PLAN_CACHE is empty). */
function folder(): string | null {
  const { IABN_PLAN_CACHE, XDG_CACHE_HOME } = process.env;
  if (IABN_PLAN_CACHE !== undefined) return IABN_PLAN_CACHE || null;
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'inplace-abn', 'plans');
}

export class Remembered {
  private readonly file: string | null;

  /** `question`: all that the answer follows from, the version of the search among it. */
  constructor(question: readonly (string | Uint8Array)[]) {
    const hash = createHash('sha256');
    for (const part of question) hash.update(part);
    const where = folder();
    this.file = where && join(where, `${hash.digest('hex').slice(0, 32)}.json`);
  }

  /** What comes of the answer so far; null where there is none, or one that `use` throws at. */
  read<T>(use: (answer: unknown) => T): T | null {
    if (!this.file) return null;
    try {
      return use(JSON.parse(readFileSync(this.file, 'utf8')));
    } catch {
      return null;
    }
  }

  /** `answer`: as JSON has it. A folder that cannot be written costs only the next search. */
  write(answer: unknown): void {
    if (!this.file) return;
    try {
      mkdirSync(dirname(this.file), { recursive: true });
      const temporary = `${this.file}.${process.pid}`;
      writeFileSync(temporary, JSON.stringify(answer));
      renameSync(temporary, this.file);
    } catch {
      // As said above.
    }
  }
}
