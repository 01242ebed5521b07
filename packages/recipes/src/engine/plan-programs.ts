/** The steps of a run, planned before anything is allocated: they share one store and one arena. */
import { type Device, formatBytes, KernelChoices, UsageError } from '@inplace-abn/core';
import { type Module, setActiveGroup } from '@inplace-abn/nn';
import { Session, type SessionGroup, type SessionStep } from '@inplace-abn/session';
import { ALONE, type Peers } from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import { imageOptions, OnImages } from '../network/on-images.js';
import { evaluationStep } from '../step/evaluation-step.js';
import { frozenOptions, trainedIn } from '../step/frozen.js';
import { optimizerOf, trainingStep } from '../step/training-step.js';
import type { ImageInputs } from '../task/images.js';
import type { Task } from '../task/task.js';

export interface ProgramSizes {
  /** Images of this process's training batch. */
  readonly batch: number;
  /** Sizes of the evaluation batches that will come: a full one and the last. */
  readonly evaluationBatches: readonly number[];
}

export interface PlannedPrograms {
  readonly session: Session<ImageInputs>;
  readonly training: SessionStep;
  /** Of a batch of so many images. */
  evaluation(batch: number): SessionStep;
  /** Arena, weights and optimizer state. */
  readonly neededBytes: number;
}

/** Plans the training step and every evaluation that a run needs, without allocating memory. */
export function planPrograms(
  network: Module,
  { objective }: Pick<Task, 'objective'>,
  { network: { precision, keep_inputs }, optimizer, input, memory_budget }: TrainConfig,
  device: Device,
  { batch, evaluationBatches }: ProgramSizes,
  peers: Peers = ALONE,
  choices = new KernelChoices(),
): PlannedPrograms {
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
    initial: () => [],
  });
  // null would be the world group.
  if (!peers.group) setActiveGroup(network, { name: '', size: 1 });
  checkBudget(memory_budget, session.stateBytes);
  session.useKernels(choices);
  const shape = { batch, crop: input.crop_train };
  const training = session.step(
    `training, batch ${batch}`,
    () => trainingStep(network, optimizer, shape, objective, peers.group),
    { keep: new Set(keep_inputs) },
  );
  const evaluation = (images: number) => {
    const { crop_val: crop } = input;
    const traced = () => evaluationStep(network, { batch: images, crop }, objective);
    return session.step(`evaluation, batch ${images}`, traced);
  };
  const plans = [training, ...evaluationBatches.map(evaluation)].map(({ plan }) => plan.raw.arenaBytes);
  return { session, training, evaluation, neededBytes: Math.max(...plans) + session.stateBytes };
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
