/** The state of a run between the store and checkpoint files. */
import { createHash } from 'node:crypto';
import { type RunState, resumeRunState, takeStateDict } from '@inplace-abn/checkpoint';
import type { HostTensor, StateKind } from '@inplace-abn/core';
import type { TrainConfig } from '../config/schema.js';
import type { Engine } from '../engine/engine.js';

/** Where a run stands. */
export interface Position {
  /** Epochs completed, their validation included. */
  readonly epoch: number;
  /** Updates made. */
  readonly step: number;
  readonly bestTop1: number;
}

export const START: Position = { epoch: 0, step: 0, bestTop1: 0 };

export function configHash(config: TrainConfig): string {
  return createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 16);
}

/** Everything a resume needs; the arrays are copies. */
export function captureState(
  engine: Engine,
  position: Position,
  config: TrainConfig,
  versions: Readonly<Record<string, string>>,
): RunState {
  return {
    meta: { ...position, seed: config.seed, configHash: configHash(config), versions: { ...versions } },
    model: engine.store.stateDict('parameter', 'buffer'),
    optimizer: engine.store.stateDict('optimizer'),
  };
}

export interface Restored {
  readonly position: Position;
  readonly path: string;
  /** Sentences about files that were passed over. */
  readonly notes: readonly string[];
}

/**
 * Loads `path` (a checkpoint or a folder of them) into the engine: all of it, or an error and nothing.
 * A torn or missing file falls back to the newest whole one beside it.
 */
export async function restoreState(engine: Engine, path: string, withOptimizer: boolean): Promise<Restored> {
  const { state, path: used, rejected } = await resumeRunState(path, { missing: 'fallBack' });
  const model = takeStateDict(specs(engine, 'parameter', 'buffer'), state.model, used);
  const optimizer = withOptimizer
    ? takeStateDict(specs(engine, 'optimizer'), state.optimizer, used)
    : new Map();
  engine.load(new Map([...model, ...optimizer]) as Map<string, HostTensor>);
  const { epoch, step, bestTop1 } = state.meta;
  const notes = rejected.map((file) => `passed over ${file.path}: ${file.reason}`);
  return { position: { epoch, step, bestTop1 }, path: used, notes };
}

function specs(engine: Engine, ...kinds: StateKind[]) {
  const wanted = engine.store.specs.filter((spec) => kinds.includes(spec.kind));
  return new Map(wanted.map(({ name, shape, dtype }) => [name, { shape, dtype }]));
}
