/** Times the instructions of a step on this machine, on images of noise. */
import { elements, type Plan, type TypedArray, type ValueInfo, valueInfo } from '@inplace-abn/core';
import type { TrainConfig } from '../config/schema.js';
import { initialStatesOf } from '../network/network.js';
import { describeCrop } from '../task/images.js';
import { type PaperPrograms, plansOf } from './paper.js';
import { total } from './pricing.js';

/** Fewest timed runs, after one to warm up. */
const FEWEST_RUNS = 3;
/** Short steps are noisier, so they run more often: as many times as fit into these seconds. */
const ENOUGH_SECONDS = 2;
const MOST_RUNS = 25;

/**
 * Seconds of each instruction of the steps, one map entry per step. They run as a single process, so
 * collectives send nothing.
 *
 * @throws UsageError, code ERR_MEMORY, before anything is allocated, if the step does not fit in memory
 */
export async function measurePrograms(
  paper: PaperPrograms,
  { network: options, seed, input }: TrainConfig,
): Promise<Map<Plan, readonly number[]>> {
  const { programs, network } = paper;
  const { session, parts } = programs;
  session.reserve(
    parts.map(({ plan }) => plan),
    {
      what: `batch ${programs.division.shape.batch} at ${describeCrop(input.crop_train)}`,
      advice: 'lower the batch, or say how long a step takes',
    },
  );
  for (const [name, { data }] of initialStatesOf(network, options, seed)) session.store.write(name, data);
  const measured = new Map<Plan, readonly number[]>();
  for (const [index, plan] of plansOf(paper).entries()) {
    const inputs = noiseFor(plan);
    const once = async () => {
      const { timings = [] } = (await parts[index]?.run(inputs, { timed: true })) ?? {};
      return timings.map(({ begin, end }) => end - begin);
    };
    await once();
    const runs: number[][] = [];
    while (runs.length < FEWEST_RUNS || (runs.length < MOST_RUNS && total(runs) < ENOUGH_SECONDS)) {
      runs.push(await once());
    }
    measured.set(plan, typicalRun(runs));
  }
  return measured;
}

/**
 * Seconds of each instruction in a run that takes as long as the median of `runs`, in the proportions of the
 * instructions' own medians. The medians add up to less, because nearly every run is disturbed, each in other
 * instructions.
 */
export function typicalRun(runs: readonly (readonly number[])[]): number[] {
  const [first = []] = runs;
  const medians = first.map((_, i) => median(runs.map((run) => run[i] ?? 0)));
  const factor = median(runs.map((run) => total([run]))) / (total([medians]) || 1);
  return medians.map((seconds) => seconds * factor);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/**
 * An array for each input of a step: images of noise, labels of class 0, counts of 1, and rates of 0, which
 * leave the weights unchanged.
 */
function noiseFor({ graph }: Plan): Record<string, TypedArray> {
  const arrays = [...graph.inputs].map(([name, id]) => [name, arrayFor(name, valueInfo(graph, id))] as const);
  return Object.fromEntries(arrays);
}

function arrayFor(name: string, { dtype, shape }: ValueInfo): TypedArray {
  const length = elements(shape);
  // Inputs of a shard end in a slash and its number.
  const [kind] = name.split('/');
  // Not periodic in any side of an image.
  if (dtype === 'uint8')
    return Uint8Array.from({ length }, (_, i) => (kind === 'images' ? (i * 40_503) >> 7 : 0));
  if (dtype === 'int32') return new Int32Array(length);
  if (kind === 'color') return Float32Array.from({ length }, (_, i) => colorAt(i % 12));
  return new Float32Array(length).fill(name.startsWith('lr') ? 0 : 1);
}

/** One row per channel: that channel alone, scaled to −1…1. */
function colorAt(index: number): number {
  const [row, column] = [Math.floor(index / 4), index % 4];
  if (column === 3) return -1;
  return row === column ? 1 / 127.5 : 0;
}
