/**
 * The planner of the page: configurations in, numbers and drawings out. Runs in a browser, with no native
 * addon.
 */
import { BudgetError, formatBytes, memoryMapOf, planLock, portableCpu } from '@inplace-abn/core';
import { ARCHITECTURES } from '@inplace-abn/models';
import { formatPlan, planReport, resolveConfig, type TrainConfig } from '@inplace-abn/recipes';
import { renderMemoryMapSvg } from '@inplace-abn/train';

/** The fields of the page; for missing ones, the configuration applies. */
export interface Picked {
  /** A configuration as `train` takes it, in JSON; '' for the defaults. */
  readonly json: string;
  readonly arch?: string;
  readonly bnMode?: string;
  readonly precision?: string;
  /** Pixels of a square image. */
  readonly crop?: number;
  readonly batch?: number;
  /** Weights, optimizer state and arena together, in bytes. */
  readonly budget?: number;
}

export interface Planned {
  /** The report of `plan`, as lines of text. */
  readonly text: string;
  readonly totalBytes: number;
  readonly arenaBytes: number;
  readonly peak: number;
  /** An SVG. */
  readonly map: string;
  /** Layer, bytes, how the backward pass gets it, how it is written. */
  readonly layers: readonly (readonly [string, string, string, string])[];
}

/** A budget, and what it costs. */
export interface FrontierPoint {
  readonly bytes: number;
  /** Work of recomputation, as a share of all other work. */
  readonly moreWork: number;
}

/**
 * The values of the fields for a configuration, with the defaults of keys that it leaves out, as in `plan`. A
 * field that cannot show its value, such as the side of a crop that is not square, is left out.
 */
export function fieldsOf(json: string): Omit<Picked, 'json'> {
  const { network, input, optimizer, memory_budget: budget } = configOf({ json });
  return {
    arch: network.arch,
    // The page plans one process, for which the two are the same.
    bnMode: network.bn_mode === 'sync' ? 'inplace' : network.bn_mode,
    precision: network.precision,
    ...(typeof input.crop_train === 'number' && { crop: input.crop_train }),
    batch: optimizer.batch_size,
    ...(budget > 0 && { budget }),
  };
}

export const architectures: readonly string[] = [...ARCHITECTURES];

/** Formats bytes for people. */
export { formatBytes };

/** Plans one training step. Throws ConfigError and UsageError as `plan` does. */
export function plan(picked: Picked): Planned {
  const config = configOf(picked);
  const device = portableCpu();
  const { report, plan: raw } = planReport(config, config.optimizer.batch_size, device);
  const { layers } = planLock(raw, '', device.balance);
  return {
    text: formatPlan(report),
    totalBytes: report.totalBytes,
    arenaBytes: report.arenaBytes,
    peak: report.peak,
    map: renderMemoryMapSvg(memoryMapOf(raw), { width: 1000, height: 420 }),
    layers: Object.entries(layers).map(([layer, { bytes, backward, written }]) => {
      return [layer, formatBytes(bytes), backward ?? '', written ?? ''];
    }),
  };
}

/** Plans the step in `share` of the arena that it takes without a budget; null if no plan fits. */
export function frontier(picked: Picked, share: number): FrontierPoint | null {
  const config = configOf({ ...picked, budget: undefined });
  const at = (memory_budget: number) =>
    planReport({ ...config, memory_budget }, config.optimizer.batch_size, portableCpu()).report;
  const { totalBytes, arenaBytes } = at(-1);
  try {
    const { totalBytes: bytes, rebuilds } = at(Math.floor(totalBytes - (1 - share) * arenaBytes));
    return { bytes, moreWork: rebuilds.moreWork };
  } catch (error) {
    if (error instanceof BudgetError) return null;
    throw error;
  }
}

function configOf({ json, arch, bnMode, precision, crop, batch, budget }: Picked): TrainConfig {
  const given: unknown = JSON.parse(json.trim() || '{}');
  const sections = typeof given === 'object' && given !== null ? given : {};
  const section = (name: string, picked: Record<string, unknown>) => {
    const own: unknown = Object.entries(sections).find(([key]) => key === name)?.[1];
    const chosen = Object.entries(picked).filter(([, value]) => value !== undefined);
    return { ...(typeof own === 'object' ? own : {}), ...Object.fromEntries(chosen) };
  };
  const config = {
    ...sections,
    network: section('network', { arch, bn_mode: bnMode, precision }),
    input: section('input', { crop_train: crop }),
    optimizer: section('optimizer', { batch_size: batch }),
    ...(budget !== undefined && { memory_budget: budget }),
  };
  return resolveConfig(config, 'the configuration', { architectures: ARCHITECTURES });
}
