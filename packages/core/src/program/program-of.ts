import { type CompileOptions, compile } from '../compile/compile.js';
import type { Device } from '../devices/device.js';
import type { Graph, OutputTypes } from '../ir/graph.js';
import { cpu } from '../native/cpu.js';
import { allocatePopulated } from './fits.js';
import { type Arrays, Program } from './program.js';
import { Store, statesOf } from './store.js';

/** How to compile a graph, and where to run it. */
export interface ProgramOptions extends CompileOptions {
  /** Where the program runs. Default: the CPU. */
  readonly device?: Device;
  /** States that the program reads and updates, on the same device. Default: a new store, zero-filled. */
  readonly store?: Store;
  /** Initial contents of states, by name. */
  readonly states?: Arrays;
}

/**
 * Compiles one graph into a program with its own arena, and its own store unless one is given. Parameters
 * must be written before it runs: as `states`, or into `program.store`. {@link Programs} shares one store and
 * one arena among several plans.
 *
 * @throws UsageError for `states` that do not fit the graph; code ERR_MEMORY if memory is insufficient
 * @throws UsageError and BudgetError as {@link compile} does
 */
export function programOf<O extends OutputTypes>(
  graph: Graph<O>,
  {
    device = cpu(),
    store = new Store(device, statesOf(graph)),
    states = {},
    ...options
  }: ProgramOptions = {},
): Program<O> {
  for (const [name, data] of Object.entries(states)) store.write(name, data);
  const plan = compile(graph, device, options);
  return new Program(plan, device, store, allocatePopulated(device, plan.arenaBytes));
}
