/** Restores the state of an engine and the position of its run from a checkpoint. */
import {
  CheckpointError,
  readContent,
  readDescription,
  type StateDictDifference,
  StateDictMismatch,
  type TensorContents,
  takeStateDict,
} from '@inplace-abn/checkpoint';
import { UsageError } from '@inplace-abn/core';
import type { SkippedImage } from '@inplace-abn/data';
import type { NormMode } from '@inplace-abn/interop';
import { AVERAGED, averagesOf, isAverage, optimizerStateName, TORCH_FORMS } from '@inplace-abn/optim';
import type { StateTensors } from '@inplace-abn/session';
import { type Found, type Position, type RunData, START, skippedIn, type Taking } from '@inplace-abn/train';
import type { OptimizerConfig, TrainConfig } from '../config/schema.js';
import type { Engine } from '../engine/engine.js';
import { optimizerOf } from '../step/training-step.js';
import {
  AVERAGES_KEY,
  type CheckpointContent,
  type Progress,
  readCheckpoint,
  readWeights,
} from '../weights/checkpoint-file.js';
import { type LoadWeights, type Weights, weightsFor } from '../weights/load.js';
import { type LayoutData, layoutChanges, layoutOf, positionOf, savedIn } from './state.js';
import { optimizerFromTorch, otherOptimizer } from './torch-checkpoint.js';

export interface RestoreOptions {
  readonly engine: Engine;
  readonly config: TrainConfig;
  /** Steps per epoch and images of the data set. */
  readonly data: LayoutData &
    Pick<RunData, 'classes'> & { readonly train: Pick<RunData['train'], 'batches'> };
  /** Checkpoint file, or folder of checkpoints. */
  readonly path: string;
  readonly take: Taking;
  /** The batch norm that its weights were trained with, if the file does not record it. */
  readonly trainedWith?: NormMode;
}

export interface Restored extends Found {
  readonly position: Position;
  /** Images that the run has skipped so far, if the file records them. */
  readonly skipped: readonly SkippedImage[];
  /** Whether the checkpoint has averages of the weights. */
  readonly averages: boolean;
  /** Notes to print. */
  readonly notes: readonly string[];
}

/**
 * Loads a checkpoint into an engine with initial weights. It is read straight into the engine's states, which
 * may hold a part of it after an error.
 *
 * @throws CheckpointError for a file that cannot be read; UsageError for another network, other classes or
 * another order of them (ERR_CLASSIFIER), weights of unknown origin (ERR_UNKNOWN_ORIGIN), or another
 * optimizer or other parameters that it trains (ERR_OTHER_OPTIMIZER)
 */
export async function restoreRun(options: RestoreOptions): Promise<Restored> {
  const { engine, config, data, path, take, trainedWith } = options;
  const content =
    take === 'everything' ? await readCheckpoint(path, engine.task.torch.best) : await readWeights(path);
  const how = {
    dropClassifier: take === 'weights without classifier',
    use: 'training',
    trainedWith,
  } as const;
  const weights =
    take === 'start'
      ? await startOf(engine, config, content, data.classes, how)
      : await modelOf(engine, config, content, how);
  const { notes, path: used, tensors } = weights;
  const { progress } = content;
  if (take !== 'everything' || progress.kind === 'weights') {
    await engine.fill(tensors);
    const note = `weights from ${used}: training starts at epoch 1 with a new optimizer`;
    return {
      position: START,
      path: used,
      kind: 'weights',
      skipped: [],
      averages: false,
      notes: [...notes, note],
    };
  }
  await checkOrder(content.path, config, data.classes);
  const context = { engine, config, data, path: used };
  const continued =
    progress.kind === 'state'
      ? continueState(progress, context)
      : continueTorch(progress, context, await torchAverages(engine, config, content, how));
  await engine.fill(
    new Map([...tensors, ...(await turnedMoments(continued.optimizer, weights, config.optimizer))]),
  );
  return {
    position: continued.position,
    path: used,
    kind: progress.kind,
    skipped: progress.kind === 'state' ? skippedIn(progress.meta) : [],
    averages: holdsAverages(continued.optimizer),
    notes: [...notes, ...averagesNote(engine, progress, used), ...continued.notes],
  };
}

/** Loads only the weights, for evaluation. @throws as {@link restoreRun} does */
export async function restoreWeights(
  engine: Engine,
  config: TrainConfig,
  path: string,
  trainedWith?: NormMode,
): Promise<Pick<Restored, 'path' | 'notes'>> {
  const content = await readWeights(path);
  const weights = await modelOf(engine, config, content, { use: 'testing', trainedWith });
  await engine.fill(weights.tensors);
  return { path: weights.path, notes: weights.notes };
}

interface Continued {
  readonly position: Position;
  readonly optimizer: StateTensors;
  readonly notes: readonly string[];
}

type Context = Omit<RestoreOptions, 'take' | 'trainedWith'>;

function continueState(
  { meta, optimizer }: Extract<Progress, { kind: 'state' }>,
  { engine, config, data, path }: Context,
): Continued {
  checkKind(optimizer, config.optimizer, path);
  const { position, layout } = positionOf(meta, engine.task.criterion, path);
  const now = layoutOf(config, data);
  const changes = layoutChanges(layout, now);
  if (changes.length > 0 && position.stepInEpoch > 0) {
    throw new UsageError(
      `${path} is ${position.stepInEpoch} steps into epoch ${position.epoch + 1}, and the batches of that epoch have changed ` +
        `(${changes.join(', ')}), so resuming would repeat or skip images: restore the old settings, ` +
        'or resume from a checkpoint at the end of an epoch',
    );
  }
  const sameSteps = layout.batchSize === now.batchSize && layout.trainImages === now.trainImages;
  const steps = sameSteps ? '' : `, of ${data.train.batches} steps; the learning rate is not scaled`;
  const note = `${changes.join(', ')} from epoch ${position.epoch + 1} on${steps}`;
  return {
    position,
    notes: changes.length > 0 ? [note] : [],
    optimizer: optimizerStates(engine, optimizer, path),
  };
}

function continueTorch(
  { epoch, best, optimizer }: Extract<Progress, { kind: 'torch' }>,
  { engine, config, data, path }: Context,
  averages: Averages,
): Continued {
  const { tensors, step } = optimizerFromTorch(optimizer, engine, config.optimizer, path);
  // SGD does not count its updates, so count steps from the epoch, as the reference does.
  const position = {
    epoch,
    step: step ?? epoch * data.train.batches,
    stepInEpoch: 0,
    best,
    stepOfBest: null,
    resultToBeat: best,
    sinceBest: 0,
  };
  const states = new Map([...tensors, ...averages.states]);
  return { position, notes: averages.notes, optimizer: optimizerStates(engine, states, path) };
}

type Averages = Pick<Continued, 'notes'> & { readonly states: StateTensors };

/**
 * The averages in a checkpoint of PyTorch, converted like its weights; none if the run keeps none. Under
 * their key, a program may store something else. A note then says so.
 */
async function torchAverages(
  engine: Engine,
  config: TrainConfig,
  content: CheckpointContent,
  how: LoadWeights,
): Promise<Averages> {
  const { progress, path } = content;
  if (progress.kind !== 'torch' || !progress.averages || !engine.averages) {
    return { states: new Map(), notes: [] };
  }
  try {
    const model = await progress.averages();
    const { tensors } = await modelOf(engine, config, { ...content, model }, how);
    const names = new Set(averagesOf(engine.store.specs).map(({ name }) => name));
    const named = [...tensors].map(([name, tensor]) => [optimizerStateName(name, AVERAGED), tensor] as const);
    return { states: new Map(named.filter(([name]) => names.has(name))), notes: [] };
  } catch (error) {
    if (!(error instanceof CheckpointError || error instanceof UsageError)) throw error;
    const [reason = ''] = error.message.split('\n');
    const note = `"${AVERAGES_KEY}" in ${path} is not used, and the averages start at its weights: ${reason}`;
    return { states: new Map(), notes: [note] };
  }
}

/** A note if either the run or the checkpoint that it continues from has averages of the weights. */
function averagesNote(
  engine: Engine,
  progress: Exclude<Progress, { kind: 'weights' }>,
  path: string,
): string[] {
  const found = progress.kind === 'state' ? holdsAverages(progress.optimizer) : progress.averages !== null;
  if (found === engine.averages) return [];
  return found
    ? [`${path} has averages of the weights, which this run does not keep: ema.decay is 0`]
    : [`${path} has no averages of the weights: they start at its weights`];
}

/** @throws UsageError, code ERR_OTHER_OPTIMIZER, if the slots of a state belong to another optimizer */
function checkKind(optimizer: TensorContents, config: OptimizerConfig, path: string): void {
  const names = [...optimizer.keys()].filter((name) => !isAverage(name));
  const slots = new Set(names.map((name) => name.slice(name.lastIndexOf('.') + 1)));
  const types = TORCH_FORMS.filter((form) => [...slots].every((slot) => form.slots.includes(slot))).map(
    (form) => form.type,
  );
  if (!types.includes(optimizerOf(config).torch.type))
    throw otherOptimizer(path, types[0] ?? [...slots].join(', '), config.type);
}

function modelOf(
  { task, network }: Engine,
  config: TrainConfig,
  content: CheckpointContent,
  how: LoadWeights,
): Promise<Weights> {
  const { arch, path } = content;
  if (arch !== undefined && arch !== config.network.arch) {
    throw new UsageError(
      `${path} holds a ${arch} but network.arch is ${config.network.arch}: set it to ${arch}, or choose another checkpoint`,
    );
  }
  return weightsFor({ ...task, network, config: config.network }, content, how);
}

/** All weights, but a new classifier if the file's is for other classes. */
async function startOf(
  engine: Engine,
  config: TrainConfig,
  content: CheckpointContent,
  classes: readonly string[] | undefined,
  how: LoadWeights,
): Promise<Weights> {
  const { classes: trained } = await readDescription(content.path);
  const reason = otherNames(trained, classes);
  if (reason === null) {
    try {
      return await modelOf(engine, config, content, how);
    } catch (error) {
      if (!(error instanceof UsageError && error.code === 'ERR_CLASSIFIER')) throw error;
    }
  }
  const weights = await modelOf(engine, config, content, { ...how, dropClassifier: true });
  const cause = reason ?? `that of ${content.path} is not for ${config.network.classes} classes`;
  return { ...weights, notes: [...weights.notes, `the classifier is new: ${cause}`] };
}

/**
 * The end of a sentence about renamed classes; null if they are the same, or their names are unknown.
 */
function otherNames(
  before: readonly string[] | undefined,
  now: readonly string[] | undefined,
): string | null {
  if (!before || !now) return null;
  const length = Math.max(before.length, now.length);
  const at = Array.from({ length }, (_, i) => i).find((i) => before[i] !== now[i]);
  if (at === undefined) return null;
  const named = (classes: readonly string[]) => classes[at] ?? 'nothing';
  return `class ${at} was ${named(before)} and is ${named(now)}`;
}

/**
 * Refuses a run to continue with its labels in another order. New names alone are fine. The names of a
 * segmentation do not determine its labels, which are ids.
 */
async function checkOrder(
  path: string,
  { task }: TrainConfig,
  classes: readonly string[] | undefined,
): Promise<void> {
  if (task === 'segmentation' || !classes) return;
  // Earlier versions kept the fraction of labels such as 2.0.
  const plain = (names: readonly string[]) => names.map((name) => name.replace(/^(\d+)\.0+$/, '$1'));
  const { classes: recorded = [] } = await readDescription(path);
  const [before, now] = [plain(recorded), plain(classes)];
  const moved = now.some((name, i) => name !== before[i] && before.includes(name));
  const reason = moved ? otherNames(before, now) : null;
  if (reason === null) return;
  throw new UsageError(
    `${path} was trained with its classes in another order: ${reason}. Restore the former classes, ` +
      'or start a run with its other layers and a new classifier',
    { code: 'ERR_CLASSIFIER' },
  );
}

/** Flips the sign of first moments whose parameters changed sign in the conversion. */
async function turnedMoments(
  optimizer: StateTensors,
  { turned }: Weights,
  config: OptimizerConfig,
): Promise<StateTensors> {
  const result = new Map(optimizer);
  const means = optimizerOf(config).slots.filter(({ moment }) => moment === 1);
  for (const [name, factors] of turned) {
    for (const { name: slot } of means) {
      const key = optimizerStateName(name, slot);
      const moment = result.get(key);
      if (!moment) continue;
      const data = 'data' in moment ? moment.data : (await readContent(key, moment)).data;
      if (!(data instanceof Float32Array)) continue;
      const size = data.length / factors.length;
      const turnedData = data.map((value, i) => ((factors[Math.floor(i / size)] ?? 0) < 0 ? -value : value));
      result.set(key, { dtype: 'float32', shape: moment.shape, data: turnedData });
    }
  }
  return result;
}

/** The optimizer's states from a file: all of them, or an error. */
function optimizerStates(engine: Engine, found: TensorContents, path: string): StateTensors {
  const wanted = savedIn(new Map(engine.store.specs.map((spec) => [spec.name, spec])));
  const averaged = engine.averages && holdsAverages(found);
  const specs = [...wanted].filter(
    ([name, { kind }]) => kind === 'optimizer' && (averaged || !isAverage(name)),
  );
  // Skip averages that the run no longer uses.
  const taken = averaged ? found : new Map([...found].filter(([name]) => !isAverage(name)));
  try {
    return takeStateDict(new Map(specs), taken, path);
  } catch (error) {
    throw error instanceof StateDictMismatch ? (otherStates(path, error.difference) ?? error) : error;
  }
}

/** The error for a file with the optimizer's states of other parameters; null if the names are the same. */
function otherStates(path: string, { missing, unexpected }: StateDictDifference): UsageError | null {
  const differences = [
    { verb: 'lacks', states: missing },
    { verb: 'has', states: unexpected },
  ].flatMap(({ verb, states }) =>
    states.length === 0 ? [] : [`${verb} ${states.length} of them, such as ${states[0]?.name}`],
  );
  if (differences.length === 0) return null;
  return new UsageError(
    `${path} has other states of the optimizer than this run: it ${differences.join(', and ')}. ` +
      'Restore the former optimizer.freeze or optimizer.momentum, or start from the weights alone',
    { code: 'ERR_OTHER_OPTIMIZER' },
  );
}

function holdsAverages(states: TensorContents): boolean {
  return [...states.keys()].some(isAverage);
}
