/** The steps of a run, planned before anything is allocated: they share one store and one arena. */
import {
  type Device,
  formatBytes,
  KernelChoices,
  type PriceList,
  ShapeError,
  UsageError,
} from '@inplace-abn/core';
import { type Module, setActiveGroup } from '@inplace-abn/nn';
import { onAverages } from '@inplace-abn/optim';
import { Session, type SessionGroup, type SessionStep, Shards } from '@inplace-abn/session';
import { ALONE, type Peers } from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import { mixesBatches } from '../data/mixing.js';
import { imageOptions, OnImages } from '../network/on-images.js';
import { evaluationStep } from '../step/evaluation-step.js';
import { frozenOptions, trainedIn } from '../step/frozen.js';
import { optimizerOf, trainingStep } from '../step/training-step.js';
import type { ImageInputs } from '../task/images.js';
import type { Task } from '../task/task.js';
import { averageOf } from './average.js';
import { type Division, mixedRows, partSizes } from './parts.js';

export interface ProgramSizes {
  /** Images of this process's training batch. */
  readonly batch: number;
  /** Sizes of the evaluation batches: full ones and the last. */
  readonly evaluationBatches: readonly number[];
}

/** Kernels and prices for planning. */
export interface PlanningOptions {
  /** Kernels to use if available; records those used. */
  readonly choices?: KernelChoices;
  /** Measured times, to choose what a memory budget recomputes; default: by bytes and operations. */
  readonly prices?: PriceList;
}

export interface PlannedPrograms {
  readonly session: Session<ImageInputs>;
  /** The step with the update, for the whole batch or its last part. */
  readonly training: SessionStep;
  /** The steps of a batch's parts, in order. */
  readonly parts: readonly SessionStep[];
  readonly division: Division;
  /** Null if batches are not divided into shards. */
  readonly shards: Shards | null;
  /** Plan for a batch of images, with the averages of the weights if requested. */
  evaluation(batch: number, averaged?: boolean): SessionStep;
  /** Arena, weights and optimizer state. */
  readonly neededBytes: number;
}

/**
 * Plans the training step and every evaluation that a run needs, without allocating memory.
 *
 * @throws UsageError if `memory_budget` is less than the states take, for a path or name that the network
 *   does not have (code ERR_NO_MATCH), and for a batch or processes that shards cannot divide (ERR_SHARDS);
 *   BudgetError (ERR_BUDGET) if no plan fits the budget
 */
export function planPrograms(
  network: Module,
  { objective }: Pick<Task, 'objective'>,
  config: TrainConfig,
  device: Device,
  { batch, evaluationBatches }: ProgramSizes,
  peers: Peers = ALONE,
  { choices = new KernelChoices(), prices }: PlanningOptions = {},
): PlannedPrograms {
  const { optimizer, input, ema, control, deterministic_world } = config;
  const shards = deterministic_world > 0 ? new Shards(deterministic_world, groupOf(peers)) : null;
  // Every process has the same number of parts, even one without images.
  const least = Math.max(1, Math.floor(optimizer.batch_size / (shards?.count ?? peers.size)));
  const divided = Math.min(optimizer.accumulate, least, Math.max(1, batch));
  const session = sessionOf(network, config, device, { peers, prices, divided, shards: shards?.count });
  session.useKernels(choices);
  const shape = { batch, crop: input.crop_train };
  const mixes = mixesBatches(config);
  const members = (shards?.own(batch, divided) ?? [batch]).map((size) => partSizes(size, divided));
  const division: Division = {
    shape,
    sizes: members.flat(),
    mixes,
    guests: mixes && peers.group ? 1 : 0,
    shards: shards?.held ?? 0,
  };
  const last = divided - 1;
  const parts = Array.from({ length: divided }, (_, index) => {
    const part = last === 0 ? null : index === last ? 'update' : 'sum';
    const extras = {
      part,
      sharded: shards !== null,
      average: averageOf(ema) !== undefined,
      norm: control.log_gradient_norm,
    } as const;
    const group = shards?.group ?? peers.group;
    const traced = (size: number) => {
      const own = { ...shape, batch: size };
      const options = { ...extras, mixedRows: mixedRows(division, size) };
      const trace = () => trainingStep(network, optimizer, own, objective, group, options);
      return part !== null && size === 1 ? namingParts(trace) : trace();
    };
    const sizes = members.map((member) => member[index] ?? 0);
    const images = sizes.reduce((sum, size) => sum + size, 0);
    return session.step(
      part === 'sum' ? `training, part of ${images} images` : `training, batch ${batch}`,
      () => (shards ? shards.graph(sizes, traced, isOwnInput) : traced(images)),
      { keep: new Set(config.network.keep_inputs), timed: shards === null },
    );
  });
  const training = parts[last];
  if (!training) throw new RangeError('a batch has no part');
  const evaluation = (images: number, averaged = false) => {
    const { crop_val: crop } = input;
    const traced = () => evaluationStep(network, { batch: images, crop }, objective);
    const title = `evaluation, batch ${images}`;
    const options = { timed: shards === null };
    return averaged
      ? session.step(`${title}, averaged weights`, () => onAverages(traced()), options)
      : session.step(title, traced, options);
  };
  const steps = [...parts, ...evaluationBatches.map((images) => evaluation(images))];
  const arena = Math.max(...steps.map(({ plan }) => plan.raw.arenaBytes));
  return { session, training, parts, division, shards, evaluation, neededBytes: arena + session.stateBytes };
}

/** Traces the step of a part of one image, over which some layers cannot normalize. */
function namingParts<T>(trace: () => T): T {
  try {
    return trace();
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    const message = `${error.message} (optimizer.accumulate makes parts of 1 image)`;
    throw new ShapeError(message, { cause: error });
  }
}

/** The session of the network, whose states fit the memory budget. */
function sessionOf(
  network: Module,
  { network: { precision }, optimizer, input, memory_budget, ema }: TrainConfig,
  device: Device,
  given: {
    readonly peers: Peers;
    readonly prices: PriceList | undefined;
    /** Parts of a batch. */
    readonly divided: number;
    /** Shards of a batch; undefined: it is not divided into them. */
    readonly shards: number | undefined;
  },
): Session<ImageInputs> {
  const { peers, prices, divided, shards } = given;
  // Reports unknown paths with their configuration keys.
  trainedIn(network, optimizer);
  const session = new Session(new OnImages(network), {
    input: imageOptions(input.crop_train),
    optimizer: optimizerOf(optimizer),
    ...frozenOptions(optimizer),
    device,
    precision,
    memory: memory_budget < 0 ? undefined : memory_budget,
    prices,
    group: groupOf(peers),
    deterministicWorld: shards,
    average: averageOf(ema),
    accumulate: divided,
    initial: () => [],
  });
  // null would be the world group.
  if (!peers.group && shards === undefined) setActiveGroup(network, { name: '', size: 1 });
  checkBudget(memory_budget, session.stateBytes);
  return session;
}

/** Inputs that all shards of a process share. */
const SHARED = ['lr', 'lr_classifier', 'step', 'keep', 'factor', 'ema_keep', 'ema_factor'];

function isOwnInput(name: string): boolean {
  return !SHARED.includes(name);
}

function groupOf({ group, rank, gather, memoryFromFirst }: Peers): SessionGroup | undefined {
  return group ? { ...group, rank, gatherValues: gather, broadcastMemory: memoryFromFirst } : undefined;
}

/** @throws UsageError if `memory_budget` is set and no more than the states take */
function checkBudget(memoryBudget: number, stateBytes: number): void {
  if (memoryBudget < 0 || memoryBudget > stateBytes) return;
  throw new UsageError(
    `memory_budget ${formatBytes(memoryBudget)} is less than weights and optimizer state take, ` +
      `${formatBytes(stateBytes)}: raise it, or lower network.width`,
  );
}
