import type { TypedArray } from '@inplace-abn/tensor';
import { type CompileOptions, compile } from '../../src/compile/compile.js';
import type { Device } from '../../src/devices/device.js';
import type { Graph } from '../../src/ir/graph.js';
import { cpu } from '../../src/native/cpu.js';
import type { Plan } from '../../src/plan/plan.js';
import { Program } from '../../src/program/program.js';
import { Store, statesOf } from '../../src/program/store.js';

/** A graph compiled for the native device, with its states. */
export class Step {
  readonly plan: Plan;
  readonly store: Store;
  private readonly program: Program;

  constructor(graph: Graph, options: CompileOptions & { readonly device?: Device } = {}) {
    const device = options.device ?? cpu();
    this.plan = compile(graph, device, options);
    this.store = new Store(device, statesOf(graph));
    this.program = new Program(this.plan, device, this.store, device.allocate(this.plan.arenaBytes));
  }

  /** Writes the states that are given. */
  load(states: Readonly<Record<string, TypedArray | undefined>>): this {
    for (const [name, data] of Object.entries(states)) if (data) this.store.write(name, data);
    return this;
  }

  async run(inputs: Readonly<Record<string, TypedArray>>): Promise<Record<string, TypedArray>> {
    return (await this.program.run(inputs)).outputs;
  }

  read(state: string): TypedArray {
    return this.store.read(state).data;
  }
}
