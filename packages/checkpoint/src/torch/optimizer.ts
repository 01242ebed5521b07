// Optimizer state in two forms. Ours is by name: mod1.conv1.weight.momentum_buffer. PyTorch's numbers the parameters in
// the order of the groups: {state: {0: {momentum_buffer}}, param_groups: [{lr, …, params: [0, 1]}]}.

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

/** How a class of torch.optim saves its state. */
export interface TorchOptimizerForm {
  /** Name of the class. */
  readonly type: string;
  /** Tensors that it may keep for each parameter. */
  readonly slots: readonly string[];
  /** Whether it keeps `step`, its count of updates, for each parameter. */
  readonly counted: boolean;
  /** The options of a group that torch.optim expects to find. */
  readonly defaults: Readonly<Record<string, TorchValue>>;
  /** An option of its groups that classes with other slots do not have: files do not name the class. */
  readonly mark: string;
}

/** Parameters that share hyper-parameters, as one of PyTorch's param_groups. */
export interface OptimizerGroup<T extends TensorContent = HostTensor> {
  /** Names, in PyTorch's order. */
  readonly params: readonly string[];
  /** lr, momentum, weight_decay … under PyTorch's names. */
  readonly options: Readonly<Record<string, TorchTree<T>>>;
}

/** What {@link fromTorchOptimizer} returns. */
export interface NamedOptimizer<T extends TensorContent = HostTensor> {
  /** The classes that it may be of: Adam and AdamW save the same. */
  readonly types: readonly string[];
  /** `PARAMETER.SLOT`, as `PARAMETER.momentum_buffer`; none for a parameter that was never updated. */
  readonly state: Map<string, T>;
  readonly groups: readonly OptimizerGroup<T>[];
  /** Updates done; undefined where the class does not count them. */
  readonly step?: number;
}

/**
 * Optimizer state as a class of torch.optim saves it: its load_state_dict continues from it.
 *
 * @param groups must be those of the PyTorch optimizer, in its order
 * @param state tensors by `PARAMETER.SLOT`; a parameter without any has no state, as before its first update
 * @param step updates done, for a class that counts them
 * @throws CheckpointError for state of a parameter that is in no group, or only a part of its slots
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
  // A tensor for each parameter: PyTorch counts on in place.
  const counter = (): [string, HostTensor][] => (counted ? [['step', stepTensor(step)]] : []);
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
      ['params', indices],
    ]);
  });
  for (const name of state.keys()) {
    if (!used.has(name)) throw new CheckpointError(`The optimiser state "${name}" belongs to no parameter.`);
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
      `The optimiser state of "${name}" has only ${[...kept.keys()].join(', ')} of ${slots.join(', ')}.`,
    );
  }
  return kept;
}

/** A float32 scalar, as PyTorch ≥ 1.12 keeps it; older versions count on with a tensor as well. */
function stepTensor(step: number): HostTensor {
  return { dtype: 'float32', shape: [], data: Float32Array.of(step) };
}

/**
 * The inverse of {@link toTorchOptimizer}, of any state that one of these classes has saved.
 *
 * @param names the parameters in the order in which the PyTorch optimizer was given them, over all groups
 * @throws CheckpointError if it is no such state, counts other parameters, or is of another class
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
      'The optimiser state is not one of PyTorch: it has no "state" and "param_groups".',
    );
  }
  const counts = savedGroups.map((group) => paramsOf(group).length);
  const count = counts.reduce((sum, params) => sum + params, 0);
  if (count !== names.length) {
    throw new CheckpointError(
      `The optimiser state is of ${count} parameters (${counts.join(' + ')}), the network has ${names.length}.`,
    );
  }
  const known = new Set(forms.flatMap(({ slots }) => slots));
  const state = new Map<string, T>();
  const steps = new Set<number>();
  let next = 0;
  const groups = savedGroups.map((group): OptimizerGroup<T> => {
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
      `The optimiser state counts updates per parameter and they differ (${[...steps].slice(0, 4).join(', ')}); only one count for all is supported.`,
    );
  }
  const [step] = steps;
  return { types, state, groups, step };
}

/** Keys into `state`: indices, or memory addresses in files of PyTorch before 1.5. */
function paramsOf<T extends TensorContent>(group: TorchTree<T>): (string | number)[] {
  const params = isDict(group) ? group.get('params') : undefined;
  if (params === undefined || !isList(params)) {
    throw new CheckpointError('The optimiser state is not one of PyTorch: a group has no "params".');
  }
  return params.map((key) => {
    if (typeof key === 'number' || typeof key === 'string') return key;
    throw new CheckpointError('The optimiser state is not one of PyTorch: a parameter is not a number.');
  });
}

function optionsOf<T extends TensorContent>(group: TorchTree<T>): Record<string, TorchTree<T>> {
  const options: [string, TorchTree<T>][] = [];
  if (isDict(group)) {
    for (const [key, option] of group) if (key !== 'params') options.push([String(key), option]);
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
    if (slot === 'step') steps.add(stepOf(name, item));
    else if (!isTensor(item)) {
      throw new CheckpointError(`The optimiser state of "${name}" has a "${slot}" that is no tensor.`);
    } else if (!known.has(String(slot))) {
      throw new CheckpointError(`The optimiser state of "${name}" has "${slot}", which is not supported.`);
    } else state.set(`${name}.${slot}`, item);
  }
}

function stepOf<T extends TensorContent>(name: string, step: TorchTree<T>): number {
  const data = isTensor(step) && isHostTensor(step) ? step : undefined;
  const exact = data && ['float32', 'float64', 'int64'].includes(data.dtype) && data.data.length === 1;
  const number = exact ? Number(data.data[0]) : step;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number;
  throw new CheckpointError(`The optimiser state of "${name}" has a "step" that is not a whole number ≥ 0.`);
}

/** PyTorch does not say which optimizer it was; the options and tensors do. */
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
  throw new CheckpointError(`The optimizer state is of another class than ${known}.`);
}
