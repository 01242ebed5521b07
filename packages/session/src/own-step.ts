/** Custom steps over the states of a session. */
import type { Arrays, GraphNode, Program, RunOptions, RunOutput, TypedArray } from '@inplace-abn/core';
import { firstNonFinite } from './diagnose.js';
import type { SessionPlan } from './plan.js';
import type { Programs, StepDefinition } from './programs.js';

/**
 * A step that {@link Session.step} makes of a graph. Its inputs and outputs are the graph's. It shares the
 * arena with all other steps: each waits for those called before it.
 */
export class SessionStep {
  private readonly planned: () => SessionPlan;

  /** Name given by the caller. */
  readonly name: string;

  /** For {@link Session.step}, which makes the steps of a session. */
  constructor(
    private readonly programs: Programs,
    definition: StepDefinition,
    private readonly initialized: () => void,
  ) {
    this.name = definition.title;
    this.planned = programs.keeping(definition);
  }

  /** Made at its first use; nothing is allocated. */
  get plan(): SessionPlan {
    return this.planned();
  }

  private get program(): Program {
    return this.programs.program(this.plan);
  }

  /**
   * Runs the step once, on an array for each input.
   *
   * @throws NotFiniteError, before any state is updated, if a guard stops it; UsageError for arrays that are
   * not the graph's
   */
  async run(inputs: Arrays, options?: RunOptions): Promise<RunOutput> {
    return this.programs.inTurn(async () => {
      this.initialized();
      return this.program.run(inputs, options);
    });
  }

  /** Whether the device can receive inputs during a run. */
  get prefetches(): boolean {
    return this.program.prefetches;
  }

  /**
   * Starts copying the inputs of the next run to the device during a run. Pass the same arrays to that run.
   */
  prefetch(inputs: Arrays): void {
    this.program.prefetch(inputs);
  }

  /**
   * Runs the step once as `run` does, instruction by instruction, with the same bits. `visit` is called after
   * each, with what it wrote, an array for each output of the node: elements in storage order.
   *
   * @throws as run does; the instructions up to the guard that stopped it have been visited
   */
  async inspect(
    inputs: Arrays,
    visit: (instruction: number, node: GraphNode, outputs: readonly TypedArray[]) => void,
  ): Promise<void> {
    await this.programs.inTurn(async () => {
      this.initialized();
      const { program } = this;
      await program.feed(inputs);
      for (const [index, { node, part }] of program.plan.instructions.entries()) {
        await program.step(index);
        visit(index, node, part === 'run' ? node.outputs.map((id) => program.peek(id)) : []);
      }
    });
  }

  /**
   * Where numbers went wrong in a run that a guard stopped: see {@link firstNonFinite}. All processes of a
   * group call it.
   */
  firstNonFinite(inputs: Arrays): Promise<string | null> {
    return this.programs.inTurn(() => firstNonFinite(this.program, inputs));
  }
}
