/** Everything that training needs to resume bit for bit, as one file. */
import { createHash } from 'node:crypto';
import { openRunState, saveRunState, takeStateDict } from '@inplace-abn/checkpoint';
import { type KernelNames, type StateSpec, type Store, UsageError } from '@inplace-abn/core';
import { isAverage, type Optimizer } from '@inplace-abn/optim';
import { checkFile } from './kinds.js';
import { checkStates } from './other-states.js';
import { fillStates, type StateTensors, statesIn } from './states.js';

/** Position of a training, without its tensors. */
export interface TrainingPosition {
  readonly updates: number;
  readonly seed: number;
  /** Names of the autotuned kernels, which may differ in the order of their sums. */
  readonly kernels: KernelNames;
}

/** Writes weights, optimizer state and position atomically, with a checksum. */
export async function writeTraining(
  path: string,
  store: Store,
  optimizer: Optimizer,
  { updates, seed, kernels }: TrainingPosition,
): Promise<void> {
  checkFile('saveState', path);
  const slots = statesIn(store, 'optimizer');
  await saveRunState(path, {
    meta: {
      epoch: 0,
      step: updates,
      seed,
      configHash: createHash('sha256')
        .update(JSON.stringify(optimizer.hyperparameters))
        .digest('hex')
        .slice(0, 16),
      versions: { node: process.version },
      kernels: { ...kernels },
    },
    model: statesIn(store, 'parameter', 'buffer'),
    optimizer: new Map([...slots].filter(([name]) => isSlot(optimizer, name))),
  });
}

/**
 * Reads such a file into the store: all of it, or nothing and an error that names each difference.
 *
 * @throws CheckpointError for a file that is missing or damaged; StateDictMismatch for one of another
 * network; UsageError for another optimizer, `freeze` or `average` (ERR_OTHER_OPTIMIZER), or for one that a
 * training run wrote (ERR_STATE_FILE)
 */
export async function readTraining(
  path: string,
  store: Store,
  optimizer: Optimizer,
): Promise<TrainingPosition> {
  checkFile('loadState', path);
  const { meta, model, optimizer: slots } = await openRunState(path);
  const kernels = kernelsIn(path, meta.kernels);
  const specs = (wanted: (spec: StateSpec) => boolean) =>
    new Map(store.specs.filter(wanted).map((spec) => [spec.name, spec]));
  const weights = takeStateDict(
    specs(({ kind }) => kind !== 'optimizer'),
    model,
    path,
  );
  const own = specs(({ kind, name }) => kind === 'optimizer' && isSlot(optimizer, name));
  checkStates(path, own.keys(), slots.keys());
  const state = takeStateDict(own, slots, path);
  const tensors: StateTensors = new Map([...weights, ...state]);
  await fillStates(store, tensors);
  return { updates: meta.step, seed: meta.seed, kernels };
}

function isSlot(optimizer: Optimizer, name: string): boolean {
  return isAverage(name) || optimizer.slots.some((slot) => name.endsWith(`.${slot.name}`));
}

function kernelsIn(path: string, value: unknown): KernelNames {
  const entries: [string, unknown][] =
    typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const names = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  if (value !== undefined && names.length === entries.length) return Object.fromEntries(names);
  throw new UsageError(
    `${path} is the state of a training run, not of a Session: it does not name its kernels`,
    {
      code: 'ERR_STATE_FILE',
    },
  );
}
