/** Which parameters are trained, at which learning rate and weight decay. */
import { type StateSpec, type TypedArray, UsageError } from '@inplace-abn/core';
import type { AnyModule } from '@inplace-abn/nn';
import { ACCUMULATED, averagesOf, type Optimizer, optimizerStateName } from '@inplace-abn/optim';
import { decayOfLayers, type LayerDecay } from './layer-decay.js';
import { type Selection, selected } from './selection.js';

/** Parameters with their own options, like an entry of PyTorch's param_groups. */
export interface ParameterGroup {
  /** Paths of parameters or layers, patterns with `*`, or a predicate. */
  readonly parameters: Selection;
  /** Base learning rate, which a schedule multiplies like the optimizer's. Default: the optimizer's. */
  readonly learningRate?: number;
  /** Weight decay, also of norms and biases. Default: the optimizer's. */
  readonly weightDecay?: number;
}

/** Options of a session that say which parameters it trains, and how. */
export interface TrainingSelections {
  /** Groups with their own learning rate or weight decay; default none. */
  readonly groups?: readonly ParameterGroup[];
  /** Whether weight decay applies to norms, including in-place ones, and biases; default true. */
  readonly decayNormAndBias?: boolean;
  /** Ratio of each layer's learning rate to the next layer's; default 1. */
  readonly layerDecay?: number | LayerDecay;
  /** Parameters that are not trained; default none. */
  readonly freeze?: Selection;
  /** Layers that normalize by their running statistics in training; default none. */
  readonly frozenStatistics?: true | Selection;
}

/** Whether a parameter is a scale or shift of a norm, in place or not, or a bias: a vector. */
export function isNormOrBias({ shape }: Pick<StateSpec, 'shape'>): boolean {
  return shape.length <= 1;
}

/** The parameters of a network as training sees them. */
export class TrainedParameters {
  /** Names of the parameters that are not frozen, as in the state dictionary. */
  readonly names: ReadonlySet<string>;
  /** Whether the layer at a path does not update its running statistics. */
  readonly frozenStatistics: (path: string) => boolean;
  /** Factor on the learning rate of a parameter, from its layer. */
  readonly rateFactorOf: (name: string) => number;
  private readonly all: ReadonlySet<string>;
  private readonly groupOf = new Map<string, number>();
  private readonly groups: readonly ParameterGroup[];
  /** Names of the parameters without the optimizer's weight decay. */
  private readonly undecayed: ReadonlySet<string>;

  /** @throws UsageError for a selection that matches nothing (ERR_NO_MATCH), and for a duplicate name */
  constructor(
    module: AnyModule,
    {
      groups = [],
      decayNormAndBias = true,
      layerDecay = 1,
      freeze = [],
      frozenStatistics = [],
    }: TrainingSelections,
  ) {
    checkNames(module);
    this.groups = groups;
    const states = module.namedStates();
    const all = states.flatMap(({ name, kind }) => (kind === 'parameter' ? [name] : []));
    this.all = new Set(all);
    const undecayed = decayNormAndBias ? [] : states.filter(isNormOrBias);
    this.undecayed = new Set(undecayed.map(({ name }) => name));
    this.rateFactorOf = decayOfLayers(all, layerDecay);
    const frozen = selected('freeze', freeze, all);
    this.names = new Set(all.filter((name) => !frozen.has(name)));
    for (const [index, { parameters }] of groups.entries()) {
      for (const name of selected(`groups[${index}].parameters`, parameters, all)) {
        if (!this.groupOf.has(name)) this.groupOf.set(name, index);
      }
    }
    const layers = new Set(states.flatMap(({ name, kind }) => (kind === 'buffer' ? [ownerOf(name)] : [])));
    const fixed =
      frozenStatistics === true ? layers : selected('frozenStatistics', frozenStatistics, [...layers]);
    this.frozenStatistics = (path) => fixed.has(path);
  }

  /** Whether the step updates the parameter. */
  trains(name: string): boolean {
    return this.names.has(name);
  }

  /** Whether the network has such a parameter, trained or frozen. */
  has(name: string): boolean {
    return this.all.has(name);
  }

  /** Weight decay of the parameter; undefined: the optimizer's. */
  decayOf(name: string): number | undefined {
    const own = this.groups[this.groupOf.get(name) ?? -1]?.weightDecay;
    return own ?? (this.undecayed.has(name) ? 0 : undefined);
  }

  /** The input of a training step that holds a parameter's learning rate. */
  rateInputOf(name: string): string {
    const index = this.groupOf.get(name) ?? -1;
    return this.groups[index]?.learningRate === undefined ? 'lr' : `lr.${index}`;
  }

  /** The learning rate of each such input. */
  ratesOf({ learningRate }: Optimizer): Map<string, number> {
    const own = this.groups.flatMap((group, index): [string, number][] =>
      group.learningRate === undefined ? [] : [[`lr.${index}`, group.learningRate]],
    );
    return new Map([['lr', learningRate], ...own]);
  }

  /** The step inputs: these rates times `rate`, and the number of the update from 1. */
  inputsOf(optimizer: Optimizer, rate: number, updates: number): Map<string, TypedArray> {
    const rates = [...this.ratesOf(optimizer)].map(([name, own]): [string, TypedArray] => {
      return [name, Float32Array.of(own * rate)];
    });
    return new Map([...rates, ['step', Float32Array.of(updates + 1)]]);
  }
}

/**
 * Every state of a network, the optimizer's slots of trained parameters and, if used, sums of gradients and
 * averages of the weights.
 */
export function statesOf(
  module: AnyModule,
  trained: TrainedParameters,
  optimizer: Optimizer | undefined,
  { accumulates, averages }: { readonly accumulates: boolean; readonly averages: boolean },
): StateSpec[] {
  const own = module.namedStates();
  const slots = own.flatMap(({ name, shape }): StateSpec[] => {
    if (!trained.trains(name)) return [];
    const kept = optimizer?.slots.map((slot) => slot.name) ?? [];
    return (accumulates ? [...kept, ACCUMULATED] : kept).map((slot) => {
      return { name: optimizerStateName(name, slot), kind: 'optimizer', shape, dtype: 'float32' };
    });
  });
  const states = own.map(({ name, kind, shape, dtype }) => ({ name, kind, shape, dtype }));
  return [...states, ...slots, ...(averages ? averagesOf(states) : [])];
}

/** Throws for a module that is held twice, and for a name that two states have. */
function checkNames(module: AnyModule): void {
  const paths = new Map<AnyModule, string>();
  for (const [path, held] of module.modules()) {
    const known = paths.get(held);
    if (known !== undefined) {
      throw new UsageError(
        `the module at ${path} is the one at ${known}: hold it once, and call it twice where two places share its weights`,
        { code: 'ERR_NAME_TAKEN' },
      );
    }
    paths.set(held, path);
  }
  const names = new Set<string>();
  for (const { name } of module.namedStates()) {
    if (names.has(name)) {
      throw new UsageError(`two modules have a state named ${name}: give one of them another name`, {
        code: 'ERR_NAME_TAKEN',
      });
    }
    names.add(name);
  }
}

function ownerOf(state: string): string {
  return state.slice(0, Math.max(0, state.lastIndexOf('.')));
}
