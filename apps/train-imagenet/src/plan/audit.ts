/** `plan --audit`: measures the precision that inversion loses with the weights of a checkpoint. */
import { auditInversions, type Device, formatBytes, type InversionError } from '@inplace-abn/core';
import type { Sides } from '@inplace-abn/data';
import {
  heightAndWidth,
  loadWeights,
  type NormMode,
  type TrainConfig,
  taskOf,
  trainingStep,
} from '@inplace-abn/recipes';
import { onHost } from '@inplace-abn/session';

export interface AuditReport {
  /** The checkpoint, and notes about it. */
  readonly path: string;
  readonly notes: readonly string[];
  /** Largest acceptable error. */
  readonly threshold: number;
  /** All inversions of the step, largest error first. */
  readonly inversions: readonly InversionError[];
  /** Paths with an error above the threshold, for `network.keep_inputs`. */
  readonly keep: readonly string[];
}

/** Number of images for measuring errors. */
const IMAGES = 2;

/**
 * Measures the errors of inversions with the checkpoint's weights. Images of noise suffice, because layers
 * normalize their input.
 *
 * @throws UsageError or CheckpointError as loadWeights does
 */
export async function auditCheckpoint(
  config: TrainConfig,
  checkpoint: string,
  device: Device,
  threshold: number,
  trainedWith?: NormMode,
): Promise<AuditReport> {
  const task = taskOf(config);
  const network = task.network();
  const { tensors, path, notes } = await loadWeights(
    { ...task, network, config: config.network },
    checkpoint,
    { trainedWith },
  );
  const shape = { batch: IMAGES, crop: config.input.crop_train };
  const graph = trainingStep(network, config.optimizer, shape, task.objective);
  const inversions = await auditInversions(graph, device, {
    states: await onHost(tensors),
    inputs: { ...noise(shape.batch, shape.crop), seed: Int32Array.of(config.seed) },
    precision: config.network.precision,
  });
  const keep = inversions.filter(({ error }) => error > threshold).map((inversion) => inversion.path);
  return { path, notes, threshold, inversions, keep: [...new Set(keep)] };
}

/** Noise with mean 0 and deviation 1 after normalization, the same in every call. */
function noise(batch: number, crop: Sides): { images: Uint8Array; color: Float32Array } {
  let state = 1;
  const next = () => {
    state = (state * 48271) % 0x7fffffff;
    return state % 256;
  };
  const deviation = 256 / Math.sqrt(12);
  const color = Float32Array.from({ length: batch * 12 }, (_, index) => {
    const [row, column] = [Math.floor((index % 12) / 4), index % 4];
    if (column === 3) return -127.5 / deviation;
    return column === row ? 255 / deviation : 0;
  });
  const [height, width] = heightAndWidth(crop);
  return { images: Uint8Array.from({ length: batch * 3 * height * width }, next), color };
}

const SHOWN = 20;

export function formatAudit({ path, notes, threshold, inversions, keep }: AuditReport): string {
  const rows = inversions.slice(0, SHOWN).map(({ path: layer, op, error, worst, bytes }) => {
    const mark = error > threshold ? '  keep' : '';
    const channel = `${worst.error.toExponential(1)} in channel ${worst.channel}`;
    return `${layer.padEnd(32)} ${op.padEnd(12)} ${error.toExponential(1).padStart(9)}  ${channel.padEnd(24)}${formatBytes(bytes / IMAGES).padStart(10)}${mark}`;
  });
  return [
    `Errors of inversion with ${path}, relative to the deviation of each channel: the largest ${rows.length} of ${inversions.length}`,
    ...notes,
    '',
    `${'layer'.padEnd(32)} ${'inverted'.padEnd(12)} ${'error'.padStart(9)}  ${'worst'.padEnd(24)}${'per image'.padStart(10)}`,
    ...rows,
    '',
    keep.length > 0
      ? `above ${threshold}: in the configuration, "keep_inputs": ${JSON.stringify(keep)} under "network" keeps their inputs; the plan below does`
      : `none is above ${threshold}`,
  ].join('\n');
}
