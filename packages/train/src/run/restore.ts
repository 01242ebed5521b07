/** From a checkpoint to the state of an engine, and to where its run continues. */
import { type TensorMap, takeStateDict } from '@inplace-abn/checkpoint';
import { type HostTensor, UsageError } from '@inplace-abn/core';
import type { OptimizerConfig, TrainConfig } from '../config/schema.js';
import type { Engine } from '../engine/engine.js';
import type { TakeWeights } from '../task/task.js';
import { type CheckpointContent, type Progress, readCheckpoint } from './checkpoint-file.js';
import type { RunData } from './data.js';
import { type LayoutData, layoutChanges, layoutOf, type Position, positionOf, START } from './state.js';
import { optimizerFromTorch, otherOptimizer } from './torch-checkpoint.js';

/** What a run takes from a checkpoint: with less than everything it starts at epoch 0 with a new optimiser. */
export type Taking = 'everything' | 'weights' | 'weights without classifier';

export interface RestoreOptions {
  readonly engine: Engine;
  readonly config: TrainConfig;
  /** Steps of an epoch and images of the data set. */
  readonly data: LayoutData & { readonly train: Pick<RunData['train'], 'batches'> };
  /** Checkpoint file, or folder of checkpoints. */
  readonly path: string;
  readonly take: Taking;
}

export interface Restored {
  readonly position: Position;
  /** The file that was loaded. */
  readonly path: string;
  /** What it was: only the run that wrote a training state can be continued exactly. */
  readonly kind: Progress['kind'];
  /** Sentences for the user. */
  readonly notes: readonly string[];
}

/** Loads a checkpoint into an engine with initial weights: all of it, or an error and nothing. */
export async function restoreRun({ engine, config, data, path, take }: RestoreOptions): Promise<Restored> {
  const content = await readCheckpoint(path, engine.task.torch.best, take !== 'everything');
  const dropClassifier = take === 'weights without classifier';
  const model = modelOf(engine, config, content, { dropClassifier, use: 'training' });
  const { notes, path: used } = content;
  if (take !== 'everything' || content.progress.kind === 'weights') {
    engine.load(model);
    const note = `weights from ${used}: training starts at epoch 1 with a new optimiser`;
    return { position: START, path: used, kind: 'weights', notes: [...notes, note] };
  }
  const continued = continueFrom(content.progress, { engine, config, data, path: used });
  engine.load(new Map([...model, ...continued.optimizer]));
  return {
    position: continued.position,
    path: used,
    kind: content.progress.kind,
    notes: [...notes, ...continued.notes],
  };
}

/** Loads the weights alone, to evaluate them. */
export async function restoreWeights(
  engine: Engine,
  config: TrainConfig,
  path: string,
): Promise<Pick<Restored, 'path' | 'notes'>> {
  const content = await readCheckpoint(path, engine.task.torch.best, true);
  engine.load(modelOf(engine, config, content, { dropClassifier: false, use: 'testing' }));
  return { path: content.path, notes: content.notes };
}

interface Continued {
  readonly position: Position;
  readonly optimizer: ReadonlyMap<string, HostTensor>;
  readonly notes: readonly string[];
}

type Context = Omit<RestoreOptions, 'take'>;

function continueFrom(progress: Exclude<Progress, { kind: 'weights' }>, context: Context): Continued {
  return progress.kind === 'state' ? continueState(progress, context) : continueTorch(progress, context);
}

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
      `${path} lies ${position.stepInEpoch} steps into epoch ${position.epoch + 1}, and the batches of that epoch are others now ` +
        `(${changes.join(', ')}), so images would be seen twice or never: continue with the former ones, ` +
        'or from a checkpoint at the end of an epoch',
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
): Continued {
  const { tensors, step } = optimizerFromTorch(optimizer, engine, config.optimizer, path);
  // SGD does not count its updates; the reference counts steps from the epoch, too.
  const position = {
    epoch,
    step: step ?? epoch * data.train.batches,
    stepInEpoch: 0,
    best,
    stepOfBest: null,
  };
  return { position, notes: [], optimizer: optimizerStates(engine, tensors, path) };
}

/** Throws where a state is of the other optimiser. */
function checkKind(optimizer: TensorMap, { type }: OptimizerConfig, path: string): void {
  const [name] = optimizer.keys();
  if (name === undefined) return;
  const kind = name.endsWith('.momentum_buffer') ? 'SGD' : 'Adam';
  if (kind !== type) throw otherOptimizer(path, kind, type);
}

function modelOf(
  engine: Engine,
  config: TrainConfig,
  { model, path, arch }: CheckpointContent,
  how: TakeWeights,
): Map<string, HostTensor> {
  if (arch !== undefined && arch !== config.network.arch) {
    throw new UsageError(
      `${path} holds a ${arch} but network.arch is ${config.network.arch}: set it to ${arch}, or choose another checkpoint`,
    );
  }
  return engine.task.takeWeights(engine.network, { tensors: model, path }, how);
}

/** The optimiser's states from those of a file: all, or an error. */
function optimizerStates(engine: Engine, found: TensorMap, path: string): Map<string, HostTensor> {
  const wanted = engine.store.specs.filter(({ kind }) => kind === 'optimizer');
  const specs = new Map(wanted.map(({ name, shape, dtype }) => [name, { shape, dtype }]));
  return takeStateDict(specs, found, path) as Map<string, HostTensor>;
}
