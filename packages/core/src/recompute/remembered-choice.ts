/** Caches the choice for a step and a budget across processes: the search takes seconds for deep networks. */
import { type Graph, type ValueId, valueInfo } from '../ir/graph.js';
import { formatGraph } from '../ir/text.js';
import type { Plan } from '../plan/plan.js';
import { Remembered } from '../plan/remembered.js';
import type { Recomputed } from './pass.js';
import type { Costs } from './work.js';

/** Increase with every change to the search, to invalidate old answers. */
const VERSION = 1;

export class RememberedChoice {
  private readonly file: Remembered;

  constructor(
    private readonly whole: Plan,
    budget: number,
    costs: Costs,
  ) {
    const kernels = whole.instructions.map(({ kernel }) => kernel.workspaceBytes);
    const question = JSON.stringify([VERSION, budget, costs.key, whole.arenaBytes, kernels]);
    this.file = new Remembered([question, formatGraph(whole.graph)]);
  }

  /** The cached choice; null if there is none, or if its values are not in the graph. */
  read(): Recomputed | null {
    return this.file.read((answer) => {
      const { values, each } = answer as { values: unknown; each: unknown };
      return { values: known(this.whole.graph, values), each: known(this.whole.graph, each) };
    });
  }

  write({ values, each }: Recomputed): void {
    this.file.write({ values: [...values], each: [...each] });
  }
}

function known(graph: Graph, ids: unknown): Set<ValueId> {
  if (!Array.isArray(ids)) throw new TypeError('not a list');
  for (const id of ids) valueInfo(graph, id);
  return new Set(ids);
}
