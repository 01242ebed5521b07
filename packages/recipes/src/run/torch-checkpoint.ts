/**
 * Checkpoint files in the reference's form: {epoch, arch, state_dict, best metric, optimizer} as torch.save
 * writes them. We add bn_mode, which determines the meaning of the scales in state_dict, and a description of
 * the network: classes, preprocessing, config. The task defines the form of `state_dict`. A PyTorch run can
 * continue from these files, and ours from those of a PyTorch run.
 */
import {
  CheckpointError,
  describedAs,
  descriptionIn,
  fromTorchOptimizer,
  type NamedOptimizer,
  type OptimizerGroup,
  type RunState,
  type TensorContent,
  type TensorContents,
  TorchFile,
  type TorchTree,
  torchOfJson,
  toTorchOptimizer,
  writeTorch,
  zeros,
} from '@inplace-abn/checkpoint';
import { UsageError } from '@inplace-abn/core';
import type { NormMode } from '@inplace-abn/interop';
import type { Module } from '@inplace-abn/nn';
import { isAverage, optimizerStateName, TORCH_FORMS } from '@inplace-abn/optim';
import { bestKey, type LearningRates } from '@inplace-abn/train';
import type { OptimizerConfig, TrainConfig } from '../config/schema.js';
import { learningRateOf } from '../engine/learning-rate.js';
import { trainedIn } from '../step/frozen.js';
import { type ParameterOptions, parameterOptions } from '../step/parameters.js';
import { optimizerOf } from '../step/training-step.js';
import type { Task } from '../task/task.js';
import { AVERAGES_KEY } from '../weights/checkpoint-file.js';
import { averagesIn } from './averages.js';

/** A network and its task; an engine is one. */
interface Trained {
  readonly network: Module;
  readonly task: Task;
}

export interface TorchCheckpoint extends Trained {
  readonly arch: string;
  readonly bnMode: NormMode;
  readonly config: OptimizerConfig;
  /** Learning rates of the last step. */
  readonly rates: LearningRates;
  /** Best value of the task's criterion so far. */
  readonly best: number;
  readonly state: RunState<TensorContent>;
}

/** Converts a state that was saved after an epoch of `batches` steps. */
export function torchCheckpointOf(
  state: RunState<TensorContent>,
  { network, task }: Trained,
  config: TrainConfig,
  batches: number,
): TorchCheckpoint {
  const { epoch, [bestKey(task.criterion)]: best } = state.meta;
  // Schedules by step, like the reference's, count whole epochs of this run's number of batches.
  const rates = learningRateOf(config.optimizer, batches)(epoch - 1, epoch * batches - 1);
  const { arch, bn_mode: bnMode } = config.network;
  return { network, task, arch, bnMode, config: config.optimizer, rates, best: Number(best), state };
}

/**
 * Writes a checkpoint atomically.
 *
 * @throws CheckpointError naming the file
 */
export async function writeTorchCheckpoint(path: string, checkpoint: TorchCheckpoint): Promise<void> {
  await writeTorch(path, torchValueOf(checkpoint));
}

/**
 * The position at which a checkpoint was saved; null if it is missing or cannot be read. Does not read
 * tensors.
 */
export async function readTorchPlace(
  path: string,
  task: Task,
): Promise<{ readonly epoch: number; readonly best: number } | null> {
  try {
    const file = await TorchFile.open(path);
    try {
      const { value } = file;
      if (!(value instanceof Map)) return null;
      return { epoch: Number(value.get('epoch')), best: Number(value.get(task.torch.best)) };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof CheckpointError) return null;
    throw error;
  }
}

function torchValueOf({
  network,
  task,
  arch,
  bnMode,
  config,
  rates,
  best,
  state,
}: TorchCheckpoint): TorchTree<TensorContent> {
  const { meta, model, optimizer } = state;
  const groups = groupsOf(config, rates, parameterGroups({ network, task }, config));
  const ordered = new Map<string, TensorContent>();
  // In the order of modules, as in PyTorch; the store has the order of first use.
  for (const { name } of network.namedStates()) {
    const tensor = model.get(name);
    if (tensor) ordered.set(name, tensor);
  }
  return new Map<string, TorchTree<TensorContent>>([
    ['epoch', meta.epoch],
    ['arch', arch],
    ['bn_mode', bnMode],
    ['state_dict', task.torch.stateDict(ordered)],
    ...averagesFor(task, averagesIn({ model: ordered, optimizer })),
    [task.torch.best, best],
    ...Object.entries(describedAs(descriptionIn((key) => meta[key]))).map(
      ([key, value]) => [key, torchOfJson(value)] as const,
    ),
    ['optimizer', toTorchOptimizer(optimizerOf(config).torch, groups, slotsOf(optimizer), meta.step)],
  ]);
}

/** The averages of the weights under timm's key, if the run has them. */
function averagesFor(task: Task, averages: TensorContents | null): [string, TorchTree<TensorContent>][] {
  return averages ? [[AVERAGES_KEY, task.torch.stateDict(averages)]] : [];
}

function slotsOf(optimizer: ReadonlyMap<string, TensorContent>): Map<string, TensorContent> {
  return new Map([...optimizer].filter(([name]) => !isAverage(name)));
}

interface ParameterGroup extends ParameterOptions {
  readonly names: string[];
}

/**
 * Trained parameters in groups of a PyTorch optimizer, one group per learning rate and weight decay, the
 * classifier's group last. The classifier has a separate group only if it has its own learning rate.
 */
function parameterGroups({ network, task }: Trained, config: OptimizerConfig): ParameterGroup[] {
  const trained = trainedIn(network, config);
  const all = [...parameterOptions(network.namedStates(), config, task.objective)].filter(([name]) =>
    trained.trains(name),
  );
  const ordered = [
    ...all.filter(([, { classifier }]) => !classifier),
    ...all.filter(([, { classifier }]) => classifier),
  ];
  const groups: ParameterGroup[] = [];
  for (const [name, { classifier: last, factor, weightDecay }] of ordered) {
    const classifier = config.classifier_lr >= 0 && last;
    const group = groups.find(
      (other) =>
        other.classifier === classifier && other.factor === factor && other.weightDecay === weightDecay,
    );
    if (group) group.names.push(name);
    else groups.push({ names: [name], classifier, factor, weightDecay });
  }
  return groups;
}

function groupsOf(
  config: OptimizerConfig,
  rates: LearningRates,
  groups: readonly ParameterGroup[],
): OptimizerGroup[] {
  const { hyperparameters } = optimizerOf(config);
  return groups.map(({ names, classifier, factor, weightDecay }) => {
    const [lr, initial_lr] = classifier
      ? [rates.classifier, config.classifier_lr]
      : [rates.base, config.learning_rate];
    const options: OptimizerGroup['options'] = {
      lr: lr * factor,
      initial_lr: initial_lr * factor,
      ...hyperparameters,
      ...(weightDecay !== config.weight_decay && { weight_decay: weightDecay }),
    };
    return { params: names, options };
  });
}

export interface OptimizerState {
  /** Tensors by their names in the store. */
  readonly tensors: TensorContents;
  /** Number of updates, if the optimizer counts them. */
  readonly step?: number;
}

/**
 * Converts the optimizer state of a PyTorch checkpoint for the configured optimizer. State that PyTorch has
 * not created yet, before a parameter's first update, is zero, its initial value.
 *
 * @throws UsageError, code ERR_OTHER_OPTIMIZER, for another optimizer; CheckpointError if it is not an
 * optimizer's state
 */
export function optimizerFromTorch(
  value: TorchTree<TensorContent>,
  trained: Trained,
  config: OptimizerConfig,
  path: string,
): OptimizerState {
  const names = parameterGroups(trained, config).flatMap((group) => group.names);
  const { types, state, step } = named(value, names, path);
  const { torch, slots } = optimizerOf(config);
  if (!types.includes(torch.type)) throw otherOptimizer(path, types[0] ?? '', config.type);
  const shapes = new Map(trained.network.namedStates().map(({ name, shape }) => [name, shape]));
  const tensors = new Map<string, TensorContent>();
  for (const name of names) {
    for (const { name: slot } of slots) {
      const key = optimizerStateName(name, slot);
      tensors.set(key, state.get(key) ?? zeros({ dtype: 'float32', shape: shapes.get(name) ?? [] }));
    }
  }
  return { tensors, step };
}

function named(
  value: TorchTree<TensorContent>,
  names: readonly string[],
  path: string,
): NamedOptimizer<TensorContent> {
  try {
    return fromTorchOptimizer(value, names, TORCH_FORMS);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new CheckpointError(`${path}: ${error.message}`, { cause: error });
  }
}

export function otherOptimizer(path: string, found: string, expected: string): UsageError {
  return new UsageError(
    `${path} holds the state of ${found} but optimizer.type is ${expected}: set it to ${found}, or start from the weights alone`,
    { code: 'ERR_OTHER_OPTIMIZER' },
  );
}
