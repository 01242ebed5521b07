// Converts optimizer state between two forms. Ours is by name: mod1.conv1.weight.momentum_buffer. PyTorch
// numbers the parameters in group order:
// {state: {0: {momentum_buffer}}, param_groups: [{lr, …, params: [0, 1]}]}.

import type { HostTensor } from '@inplace-abn/tensor';
import { CheckpointError } from '../errors.js';
import {
  isDict,
  isList,
  isTensor,
  type TorchDict,
  type TorchTree,
  type TorchValue,
} from '../pickle/value.js';
import { isHostTensor, type TensorContent } from '../tensor-stream.js';

/** How a torch.optim class saves its state. */
export interface TorchOptimizerForm {
  /** Class name. */
  readonly type: string;
  /** Tensors that it may keep per parameter. */
  readonly slots: readonly string[];
  /** Whether it keeps `step`, its update count: true: with each parameter, `group`: in each group. */
  readonly counted: boolean | 'group';
  /** The options that torch.optim expects in a group. */
  readonly defaults: Readonly<Record<string, TorchValue>>;
  /**
   * An option that only its groups have, among classes with other slots. It identifies the class, which files
   * do not name.
   */
  readonly mark: string;
}

/** Parameters that share hyperparameters, like one of PyTorch's param_groups. */
export interface OptimizerGroup<T extends TensorContent = HostTensor> {
  /** Names, in PyTorch's order. */
  readonly params: readonly string[];
  /** lr, momentum, weight_decay … under PyTorch's names. */
  readonly options: Readonly<Record<string, TorchTree<T>>>;
}

/** Result of {@link fromTorchOptimizer}. */
export interface NamedOptimizer<T extends TensorContent = HostTensor> {
  /** The classes it may come from: Adam and AdamW save the same state. */
  readonly types: readonly string[];
  /**
   * By `PARAMETER.SLOT`, such as `fc.weight.momentum_buffer`; nothing for a parameter that was never updated.
   */
  readonly state: Map<string, T>;
  /** One per `param_groups` entry of the file, in its order; `step` is not among its options. */
  readonly groups: readonly OptimizerGroup<T>[];
  /** Number of updates; undefined if the class does not count them. */
  readonly step?: number;
}

/**
 * Converts optimizer state to the form of a torch.optim class, whose load_state_dict accepts it.
 *
 * @param groups those of the PyTorch optimizer, in its order
 * @param state tensors by `PARAMETER.SLOT`; a parameter without any has no state, as before its first update
 * @param step number of updates, for classes that count them
 * @throws CheckpointError if state belongs to no group, or a parameter has only some of its slots
 */
export function toTorchOptimizer<T extends TensorContent>(
  { slots, counted, defaults }: TorchOptimizerForm,
  groups: readonly OptimizerGroup[],
  state: ReadonlyMap<string, T>,
  step: number,
): TorchTree<T | HostTensor> {
  const byIndex = new Map<number, TorchTree<T | HostTensor>>();
  const used = new Set<string>();
  let index = 0;
  // One tensor per parameter, because PyTorch increments them in place.
  const counter = (): [string, HostTensor][] => (counted === true ? [['step', stepTensor(step)]] : []);
  const withStep = (kept: ReadonlyMap<string, T>) => new Map<string, T | HostTensor>([...counter(), ...kept]);
  const numbered = groups.map(({ params, options }): TorchTree<T | HostTensor> => {
    const indices = params.map((name) => {
      const kept = slotsOf(name, slots, state);
      if (kept.size > 0) {
        for (const slot of kept.keys()) used.add(`${name}.${slot}`);
        byIndex.set(index, withStep(kept));
      }
      return index++;
    });
    return new Map<string, TorchTree<T | HostTensor>>([
      ...Object.entries({ ...defaults, ...options }),
      ...(counted === 'group' ? [['step', step] as const] : []),
      ['params', indices],
    ]);
  });
  for (const name of state.keys()) {
    if (!used.has(name)) throw new CheckpointError(`The optimizer state "${name}" belongs to no parameter.`);
  }
  return new Map<string, TorchTree<T | HostTensor>>([
    ['state', byIndex],
    ['param_groups', numbered],
  ]);
}

function slotsOf<T>(name: string, slots: readonly string[], state: ReadonlyMap<string, T>): Map<string, T> {
  const kept = new Map<string, T>();
  for (const slot of slots) {
    const tensor = state.get(`${name}.${slot}`);
    if (tensor) kept.set(slot, tensor);
  }
  if (kept.size > 0 && kept.size < slots.length) {
    throw new CheckpointError(
      `The optimizer state of "${name}" has only ${[...kept.keys()].join(', ')} of ${slots.join(', ')}.`,
    );
  }
  return kept;
}

/** A float32 scalar, as in PyTorch ≥ 1.12; older versions accept a tensor too. */
function stepTensor(step: number): HostTensor {
  return { dtype: 'float32', shape: [], data: Float32Array.of(step) };
}

/**
 * The inverse of {@link toTorchOptimizer}, for state saved by any of the supported classes.
 *
 * @param names the parameters in the order in which the PyTorch optimizer received them, over all groups
 * @throws CheckpointError if it is not such state, covers other parameters, or belongs to another class
 */
export function fromTorchOptimizer<T extends TensorContent>(
  value: TorchTree<T>,
  names: readonly string[],
  forms: readonly TorchOptimizerForm[],
): NamedOptimizer<T> {
  const saved = isDict(value) ? value : new Map<string, TorchTree<T>>();
  const [states, savedGroups] = [saved.get('state'), saved.get('param_groups')];
  if (!isDict(states) || savedGroups === undefined || !isList(savedGroups)) {
    throw new CheckpointError(
      'The optimizer state is not from PyTorch: it has no "state" and "param_groups".',
    );
  }
  const counts = savedGroups.map((group) => paramsOf(group).length);
  const count = counts.reduce((sum, params) => sum + params, 0);
  if (count !== names.length) {
    throw new CheckpointError(
      `The optimizer state covers ${count} parameters (${counts.join(' + ')}), but the network has ${names.length}.`,
    );
  }
  const known = new Set(forms.flatMap(({ slots }) => slots));
  const state = new Map<string, T>();
  const steps = new Set<number>();
  let next = 0;
  const groups = savedGroups.map((group, number): OptimizerGroup<T> => {
    const counted = isDict(group) ? group.get('step') : undefined;
    if (counted !== undefined) steps.add(stepOf(`group ${number}`, counted));
    const params = paramsOf(group).map((key) => {
      const name = names[next++] ?? '';
      const kept = states.get(key);
      if (kept !== undefined) takeSlots(name, kept, known, { state, steps });
      return name;
    });
    return { params, options: optionsOf(group) };
  });
  const types = typesOf(groups, state, forms);
  if (steps.size > 1) {
    throw new CheckpointError(
      `The optimizer state has different update counts (${[...steps].slice(0, 4).join(', ')}); only equal counts of all parameters are supported.`,
    );
  }
  const [step] = steps;
  return { types, state, groups, step };
}

/** Keys into `state`: indices, or memory addresses in files of PyTorch < 1.5. */
function paramsOf<T extends TensorContent>(group: TorchTree<T>): (string | number)[] {
  const params = isDict(group) ? group.get('params') : undefined;
  if (params === undefined || !isList(params)) {
    throw new CheckpointError('The optimizer state is not from PyTorch: a group has no "params".');
  }
  return params.map((key) => {
    if (typeof key === 'number' || typeof key === 'string') return key;
    throw new CheckpointError('The optimizer state is not from PyTorch: a parameter is not a number.');
  });
}

function optionsOf<T extends TensorContent>(group: TorchTree<T>): Record<string, TorchTree<T>> {
  const options: [string, TorchTree<T>][] = [];
  if (isDict(group)) {
    for (const [key, option] of group)
      if (key !== 'params' && key !== 'step') options.push([String(key), option]);
  }
  return Object.fromEntries(options);
}

function takeSlots<T extends TensorContent>(
  name: string,
  kept: TorchTree<T>,
  known: ReadonlySet<string>,
  { state, steps }: { readonly state: Map<string, T>; readonly steps: Set<number> },
): void {
  for (const [slot, item] of isDict(kept) ? kept : (new Map() as TorchDict<T>)) {
    // SGD without momentum, or before the first update.
    if (item === null) continue;
    if (slot === 'step') steps.add(stepOf(`"${name}"`, item));
    else if (!isTensor(item)) {
      throw new CheckpointError(`The optimizer state of "${name}" has a "${slot}" that is not a tensor.`);
    } else if (!known.has(String(slot))) {
      throw new CheckpointError(`The optimizer state of "${name}" has "${slot}", which is not supported.`);
    } else state.set(`${name}.${slot}`, item);
  }
}

function stepOf<T extends TensorContent>(owner: string, step: TorchTree<T>): number {
  const data = isTensor(step) && isHostTensor(step) ? step : undefined;
  const exact = data && ['float32', 'float64', 'int64'].includes(data.dtype) && data.data.length === 1;
  const number = exact ? Number(data.data[0]) : step;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
  throw new CheckpointError(`The optimizer state of ${owner} has a "step" that is not an integer ≥ 0.`);
}

/** PyTorch does not save the class of the optimizer; the options and tensors reveal it. */
function typesOf<T extends TensorContent>(
  groups: readonly OptimizerGroup<T>[],
  state: ReadonlyMap<string, T>,
  forms: readonly TorchOptimizerForm[],
): string[] {
  const fits = ({ mark, slots }: TorchOptimizerForm): boolean =>
    groups.some(({ options }) => Object.hasOwn(options, mark)) &&
    [...state.keys()].every((name) => slots.some((slot) => name.endsWith(`.${slot}`)));
  const types = forms.filter(fits).map(({ type }) => type);
  if (types.length > 0) return types;
  const known = forms.map(({ type }) => type).join(', ');
  throw new CheckpointError(`The optimizer state belongs to a class other than ${known}.`);
}
