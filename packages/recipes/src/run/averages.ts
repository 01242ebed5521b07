/** Averages of the weights in a state, and their file: those of a run's best epoch as ordinary weights. */
import {
  CheckpointError,
  describedAs,
  descriptionIn,
  type RunState,
  SafetensorsFile,
  type TensorContent,
  writeSafetensors,
} from '@inplace-abn/checkpoint';
import { AVERAGED, isAverage, optimizerStateName } from '@inplace-abn/optim';
import { setAside } from './set-aside.js';

/** Parameters and buffers as their averages, in the order of `model`; null for a state without averages. */
export function averagesIn({
  model,
  optimizer,
}: Pick<RunState<TensorContent>, 'model' | 'optimizer'>): Map<string, TensorContent> | null {
  if (![...optimizer.keys()].some(isAverage)) return null;
  return new Map(
    [...model].map(([name, own]) => [name, optimizer.get(optimizerStateName(name, AVERAGED)) ?? own]),
  );
}

/**
 * Writes the averages of a state atomically. For a state without averages it sets an older file aside and
 * returns false.
 *
 * @throws CheckpointError naming the file
 */
export async function writeAverages(path: string, state: RunState<TensorContent>): Promise<boolean> {
  const averages = averagesIn(state);
  if (!averages) {
    await setAside(path);
    return false;
  }
  const { arch, bnMode, step } = state.meta;
  const described = Object.entries(describedAs(descriptionIn((key) => state.meta[key])));
  const texts = Object.fromEntries(described.map(([key, value]) => [key, JSON.stringify(value)]));
  const metadata = { arch: String(arch), bn_mode: String(bnMode), step: String(step), ...texts };
  await writeSafetensors(path, averages, { metadata, checksum: true });
  return true;
}

/** The step after which that file was written; null if it does not say so, or cannot be read. */
export async function stepOfAverages(path: string): Promise<number | null> {
  try {
    const file = await SafetensorsFile.open(path);
    await file.close();
    return Number(file.metadata.step ?? Number.NaN) || null;
  } catch (error) {
    if (error instanceof CheckpointError) return null;
    throw error;
  }
}
