/** The steps of a run, planned before anything is allocated: they share one store and one arena. */
import { type Device, formatBytes, KernelChoices, UsageError } from '@inplace-abn/core';
import { type Module, setActiveGroup } from '@inplace-abn/nn';
import { onAverages } from '@inplace-abn/optim';
import { Session, type SessionGroup, type SessionStep } from '@inplace-abn/session';
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
  /** Sizes of the evaluation batches that will come: a full one and the last. */
  readonly evaluationBatches: readonly number[];
}

export interface PlannedPrograms {
  readonly session: Session<ImageInputs>;
  /** The step with the update: of the whole batch, or of its last part. */
  readonly training: SessionStep;
  /** The steps of a batch's parts, in order. */
  readonly parts: readonly SessionStep[];
  readonly division: Division;
  /** Plan for a batch of images, with the averages of the weights if requested. */
  evaluation(batch: number, averaged?: boolean): SessionStep;
  /** Arena, weights and optimizer state. */
  readonly neededBytes: number;
}

/** Plans the training step and every evaluation that a run needs, without allocating memory. */
export function planPrograms(
  network: Module,
  { objective }: Pick<Task, 'objective'>,
  config: TrainConfig,
  device: Device,
  { batch, evaluationBatches }: ProgramSizes,
  peers: Peers = ALONE,
  choices = new KernelChoices(),
): PlannedPrograms {
  const { network: net, optimizer, input, memory_budget, ema, control } = config;
  const { precision, keep_inputs } = net;
  const average = averageOf(ema);
  // As many on every process, whatever its share: even one without an image has a part.
  const least = Math.max(1, Math.floor(optimizer.batch_size / peers.size));
  const divided = Math.min(optimizer.accumulate, least, Math.max(1, batch));
  // Names the keys of paths that the network does not have.
  trainedIn(network, optimizer);
  const session = new Session(new OnImages(network), {
    input: imageOptions(input.crop_train),
    optimizer: optimizerOf(optimizer),
    ...frozenOptions(optimizer),
    device,
    precision,
    memory: memory_budget < 0 ? undefined : memory_budget,
    group: groupOf(peers),
    average,
    accumulate: divided,
    initial: () => [],
  });
  // null would be the world group.
  if (!peers.group) setActiveGroup(network, { name: '', size: 1 });
  checkBudget(memory_budget, session.stateBytes);
  session.useKernels(choices);
  const shape = { batch, crop: input.crop_train };
  const mixes = mixesBatches(config);
  const division: Division = {
    shape,
    sizes: partSizes(batch, divided),
    mixes,
    guests: mixes && peers.group ? 1 : 0,
  };
  const last = division.sizes.length - 1;
  const parts = division.sizes.map((size, index) => {
    const part = last === 0 ? null : index === last ? 'update' : 'sum';
    const extras = {
      part,
      mixedRows: mixedRows(division, size),
      average: average !== undefined,
      norm: control.log_gradient_norm,
    } as const;
    const own = { ...shape, batch: size };
    return session.step(
      part === 'sum' ? `training, part of ${size} images` : `training, batch ${batch}`,
      () => trainingStep(network, optimizer, own, objective, peers.group, extras),
      { keep: new Set(keep_inputs) },
    );
  });
  const training = parts[last];
  if (!training) throw new RangeError('a batch has no part');
  const evaluation = (images: number, averaged = false) => {
    const { crop_val: crop } = input;
    const traced = () => evaluationStep(network, { batch: images, crop }, objective);
    const title = `evaluation, batch ${images}`;
    return averaged
      ? session.step(`${title}, averaged weights`, () => onAverages(traced()))
      : session.step(title, traced);
  };
  const steps = [...parts, ...evaluationBatches.map((images) => evaluation(images))];
  const arena = Math.max(...steps.map(({ plan }) => plan.raw.arenaBytes));
  return { session, training, parts, division, evaluation, neededBytes: arena + session.stateBytes };
}

function groupOf({ group, rank, gather, memoryFromFirst }: Peers): SessionGroup | undefined {
  return group ? { ...group, rank, gatherValues: gather, broadcastMemory: memoryFromFirst } : undefined;
}

/** Throws UsageError where `memory_budget`, unless it is −1, is less than the states take. */
function checkBudget(memoryBudget: number, stateBytes: number): void {
  if (memoryBudget < 0 || memoryBudget > stateBytes) return;
  throw new UsageError(
    `memory_budget ${formatBytes(memoryBudget)} is less than weights and optimizer state take, ` +
      `${formatBytes(stateBytes)}: raise it, or lower network.width`,
  );
}
