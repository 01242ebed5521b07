/**
 * What was found for a step and a budget, from one process to the next: the search takes seconds for deep networks, and a
 * run that is started again asks the same question. A file each, named by a digest of all that the answer follows from.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ValueId, valueInfo } from '../graph/graph.js';
import { formatGraph } from '../graph/text.js';
import type { Recomputed } from '../passes/recompute.js';
import type { Plan } from '../plan/plan.js';

/** To be raised with every change of the search, so that its new answers are found. */
const VERSION = 1;

/** Folder of the answers; null where the environment asks for none (IABN_PLAN_CACHE is empty). */
function folder(): string | null {
  const { IABN_PLAN_CACHE, XDG_CACHE_HOME } = process.env;
  if (IABN_PLAN_CACHE !== undefined) return IABN_PLAN_CACHE || null;
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'inplace-abn', 'plans');
}

export class Remembered {
  private readonly file: string | null;

  constructor(
    private readonly whole: Plan,
    budget: number,
    balance: number,
  ) {
    const kernels = whole.instructions.map(({ kernel }) => kernel.workspaceBytes);
    const question = JSON.stringify([VERSION, budget, balance, whole.arenaBytes, kernels]);
    const digest = createHash('sha256').update(question).update(formatGraph(whole.graph)).digest('hex');
    const where = folder();
    this.file = where && join(where, `${digest.slice(0, 32)}.json`);
  }

  /** The answer so far; null where there is none that fits the graph. */
  read(): Recomputed | null {
    if (!this.file) return null;
    try {
      const { values, each } = JSON.parse(readFileSync(this.file, 'utf8'));
      return { values: this.known(values), each: this.known(each) };
    } catch {
      return null;
    }
  }

  private known(ids: unknown): Set<ValueId> {
    if (!Array.isArray(ids)) throw new TypeError('not a list');
    for (const id of ids) valueInfo(this.whole.graph, id);
    return new Set(ids);
  }

  /** A folder that cannot be written costs only the next search. */
  write({ values, each }: Recomputed): void {
    if (!this.file) return;
    try {
      mkdirSync(dirname(this.file), { recursive: true });
      const temporary = `${this.file}.${process.pid}`;
      writeFileSync(temporary, JSON.stringify({ values: [...values], each: [...each] }));
      renameSync(temporary, this.file);
    } catch {
      // As said above.
    }
  }
}
