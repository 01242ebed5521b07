/**
 * Repairs the files that are derived from a run's states: best.safetensors, averaged.safetensors and the
 * files for PyTorch. They are outdated if a process was killed between an epoch's checkpoint and these files,
 * and belong to abandoned steps if a run resumes from an earlier state. Before a run resumes, they are made
 * to match its state.
 */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  BEST_FILE,
  CheckpointError,
  linkFileAtomic,
  listCheckpoints,
  openRunState,
  RunStateStore,
  readRunMeta,
  SUPERSEDED_BEST_FILE,
} from '@inplace-abn/checkpoint';
import type { Position, RunFolder } from '@inplace-abn/train';
import type { TrainConfig } from '../config/schema.js';
import type { Engine } from '../engine/engine.js';
import { stepOfAverages, writeAverages } from './averages.js';
import { setAside } from './set-aside.js';
import { positionOf } from './state.js';
import { readTorchPlace, torchCheckpointOf, writeTorchCheckpoint } from './torch-checkpoint.js';

interface MendOptions {
  readonly folder: RunFolder;
  readonly engine: Pick<Engine, 'network' | 'task'>;
  readonly config: TrainConfig;
  /** Steps per epoch. */
  readonly batches: number;
  /** Position of the state that the run resumes from. */
  readonly position: Position;
}

/** A saved state that the run continues. */
interface Saved {
  readonly path: string;
  readonly position: Position;
}

/** Makes the files match `position`; returns a note for each that did not. */
export async function mendFiles(options: MendOptions): Promise<string[]> {
  const mending = new Mending(options);
  await mending.mend();
  return mending.notes;
}

class Mending {
  readonly notes: string[] = [];
  private readonly store: RunStateStore;

  constructor(private readonly options: MendOptions) {
    this.store = new RunStateStore(options.folder.checkpointsPath);
  }

  async mend(): Promise<void> {
    const { folder, position } = this.options;
    const best = await this.mendBest();
    await this.mendAverages(best);
    const ends = (await this.states()).filter(({ position: at }) => at.stepInEpoch === 0);
    const last = ends.find(({ position: at }) => at.epoch === position.epoch && at.best === position.best);
    await this.mendTorch(folder.torchPath, position.epoch, position.best, last?.path);
    // Even if the best state is gone, the file for PyTorch may still be right.
    await this.mendTorch(folder.torchBestPath, best?.position.epoch ?? null, position.best, best?.path);
  }

  /** The best state, if it exists. */
  private async mendBest(): Promise<Saved | null> {
    const path = join(this.store.folder, BEST_FILE);
    const found = await this.savedIn(path);
    if (found && this.isBest(found.position)) return found;
    const { stepOfBest } = this.options.position;
    const others = stepOfBest === null ? [] : await this.states();
    const again = others.find(({ position }) => this.isBest(position));
    if (!again) {
      if (existsSync(path)) {
        await this.store.setBestAside();
        this.notes.push(`${BEST_FILE} belongs to a step that this run does not continue: set aside`);
      }
      return null;
    }
    await this.store.makeBest(again.path);
    this.notes.push(`${BEST_FILE} did not belong to this run: rewritten from ${basename(again.path)}`);
    return { ...again, path };
  }

  private isBest({ step, stepInEpoch, best }: Position): boolean {
    const { position } = this.options;
    if (stepInEpoch !== 0 || best !== position.best || step > position.step) return false;
    return position.stepOfBest === null || step === position.stepOfBest;
  }

  /** Makes the averages those of the best state. */
  private async mendAverages(best: Saved | null): Promise<void> {
    const { folder, position, config } = this.options;
    const { averagedPath: path } = folder;
    const step = await stepOfAverages(path);
    if (best === null) {
      if (step === null || step <= position.step) return;
      await setAside(path);
      this.notes.push(`${basename(path)} belongs to a step that this run does not continue: set aside`);
      return;
    }
    // Reading the state takes long: not in a run that has no averages.
    if (step === best.position.step || (step === null && config.ema.decay === 0)) return;
    await this.rewrite(path, best.path, async () => {
      const written = await writeAverages(path, await openRunState(best.path));
      if (!written && step !== null) {
        this.notes.push(`${basename(path)} is not of the best state, which has no averages: set aside`);
      }
      return written;
    });
  }

  /** Makes a file from a state; `write` returns false if there is nothing to write. */
  private async rewrite(path: string, source: string, write: () => Promise<boolean>): Promise<void> {
    const name = basename(path);
    try {
      if (!(await write())) return;
      this.notes.push(`${name} did not belong to this run: rewritten from ${basename(source)}`);
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      this.notes.push(`${name} does not belong to this run and cannot be rewritten: ${error.message}`);
    }
  }

  /**
   * Makes a file for PyTorch match the state after `epoch` (null: unknown) whose best value is `best`.
   *
   * @param source file of that state, if it still exists
   */
  private async mendTorch(
    path: string,
    epoch: number | null,
    best: number,
    source: string | undefined,
  ): Promise<void> {
    const { engine, config, batches, position, folder } = this.options;
    const place = await readTorchPlace(path, engine.task);
    const isOfRun = place !== null && place.best === best && place.epoch <= position.epoch;
    if (isOfRun && (epoch === null || place.epoch === epoch)) return;
    if (source === undefined) return this.setTorchAside(path, place);
    await this.rewrite(path, source, async () => {
      const last = await readTorchPlace(folder.torchPath, engine.task);
      if (path !== folder.torchPath && last?.epoch === epoch && last.best === best) {
        await linkFileAtomic(folder.torchPath, path);
      } else {
        const state = await openRunState(source);
        await writeTorchCheckpoint(path, torchCheckpointOf(state, engine, config, batches));
      }
      return true;
    });
  }

  /**
   * Sets aside a file of a later epoch, which would be mistaken for this run's. The next epoch rewrites an
   * older one.
   */
  private async setTorchAside(path: string, place: { readonly epoch: number } | null): Promise<void> {
    if (place === null || place.epoch <= this.options.position.epoch) return;
    await setAside(path);
    this.notes.push(`${basename(path)} belongs to an epoch that this run does not continue: set aside`);
  }

  /** States in the folder up to the run's step, newest first. */
  private async states(): Promise<Saved[]> {
    const { folder } = this.store;
    const names = [BEST_FILE, SUPERSEDED_BEST_FILE].map((name) => join(folder, name));
    const paths = [...(await listCheckpoints(folder)).map(({ path }) => path), ...names];
    const saved: Saved[] = [];
    for (const path of paths) {
      const state = await this.savedIn(path);
      if (state && state.position.step <= this.options.position.step) saved.push(state);
    }
    return saved;
  }

  private async savedIn(path: string): Promise<Saved | null> {
    if (!existsSync(path)) return null;
    try {
      const { position } = positionOf(await readRunMeta(path), this.options.engine.task.criterion, path);
      return { path, position };
    } catch (error) {
      // Truncated, or not a training state.
      if (error instanceof CheckpointError) return null;
      throw error;
    }
  }
}
