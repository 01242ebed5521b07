/** Converts weights between ordinary batch norm, which scales by γ, and in-place batch norm: |γ| + ε. */
import { readContent } from '@inplace-abn/checkpoint';
import { type Graph, UsageError } from '@inplace-abn/core';
import { ABN, type AnyModule, InPlaceABN } from '@inplace-abn/nn';
import { type Filter, type NormInput, normInputsOf } from './inputs.js';
import { type NormMode, normsOf } from './mode.js';
import { type StateTensor, type StateTensors, scaleChannels } from './scale-channels.js';

/** Weights that are different networks with in-place and with ordinary batch norm, of unknown origin. */
export class UnknownOriginError extends UsageError {
  override readonly code = 'ERR_UNKNOWN_ORIGIN';
}

/** Options of transferring weights between kinds of batch norm. */
export interface TransferOptions {
  /** The batch norm that the weights were trained with; undefined if unknown. */
  readonly trained: NormMode | undefined;
  /** Traces a prediction of the network; called only if a sign has to move into a filter. */
  readonly graph: () => Graph;
  /** Name of the file in messages. */
  readonly source: string;
}

/** Weights for the other kind of batch norm, with notes. */
export interface Transfer {
  /** All states of the network; unchanged ones are the tensors that were passed in. */
  readonly tensors: Map<string, StateTensor>;
  /**
   * Factors that slices of a parameter's first axis were multiplied by, by name, if any of them is negative.
   * An optimizer's moments must change sign with them.
   */
  readonly turned: ReadonlyMap<string, Float32Array>;
  /** Sentences for the user. */
  readonly notes: readonly string[];
}

interface Scale {
  /** Path of the layer. */
  readonly path: string;
  readonly data: Float32Array;
  readonly eps: number;
  /** Whether the network's layer is in place. */
  readonly inPlace: boolean;
}

/**
 * Converts weights that were trained with one kind of batch norm for the layers of `network`.
 *
 * In place to ordinary: γ ← |γ| + ε, always the same function. Ordinary to in place: if a layer is the only
 * reader of a convolution or linear layer, γ ← |γ| − ε, and a negative sign moves into the filter, its bias
 * and the running mean, without rounding. In-place layers cannot scale by less than ε; for such a scale γ ←
 * 0, and the filter takes the rest. The notes list these channels. If a layer reads anything else, only γ ≥ ε
 * can be converted. Weights of unknown origin are used unchanged, unless some γ is negative and all layers
 * are of one kind: then the weights could be two different networks.
 *
 * @throws UsageError naming the layers whose scales cannot be carried (code ERR_SCALE) or are not finite
 *   (ERR_NOT_FINITE_WEIGHTS); UnknownOriginError (ERR_UNKNOWN_ORIGIN); CheckpointError for a stream whose
 *   file cannot be read
 */
export async function transferNorms(
  network: AnyModule,
  tensors: StateTensors,
  { trained, graph, source }: TransferOptions,
): Promise<Transfer> {
  const all = await scalesOf(network, tensors);
  if (trained === undefined) {
    // A network with both kinds of layers can only have been trained as it is.
    if (normsOf(network)) checkPositive(all, source);
    return { tensors: new Map(tensors), turned: new Map(), notes: [] };
  }
  const scales = all.filter(({ inPlace }) => inPlace === (trained === 'standard'));
  if (scales.length === 0) return { tensors: new Map(tensors), turned: new Map(), notes: [] };
  checkFinite(scales, source);
  if (trained !== 'standard') return toOrdinary(tensors, scales, source);
  const carries = scales.some(({ data, eps }) => data.some((scale) => scale < eps));
  return toInPlace(tensors, scales, carries ? normInputsOf(network, graph()) : new Map(), source);
}

/**
 * The weights of a network whose in-place layers become ordinary ones: γ ← |γ| + ε, always the same function.
 *
 * @throws CheckpointError for a stream whose file cannot be read
 */
export async function ordinaryNorms(
  network: AnyModule,
  tensors: StateTensors,
): Promise<Map<string, StateTensor>> {
  const scales = (await scalesOf(network, tensors)).filter(({ inPlace }) => inPlace);
  return toOrdinary(tensors, scales, '').tensors;
}

function toOrdinary(tensors: StateTensors, scales: readonly Scale[], source: string): Transfer {
  const result = new Map(tensors);
  const turned = new Map<string, Float32Array>();
  for (const { path, data, eps } of scales) {
    result.set(weightOf(path), vector(data.map((scale) => Math.abs(scale) + eps)));
    noteTurned(turned, weightOf(path), data.map(Math.sign));
  }
  const note =
    `${source} was trained with in-place batch norm, the network has ordinary layers: ${scales.length} layers take |γ| + ε ` +
    'as their scale, which gives the same network';
  return { tensors: result, turned, notes: [note] };
}

async function toInPlace(
  tensors: StateTensors,
  scales: readonly Scale[],
  inputs: ReadonlyMap<string, NormInput>,
  source: string,
): Promise<Transfer> {
  checkCarried(scales, inputs, source);
  const result = new Map(tensors);
  const turned = new Map<string, Float32Array>();
  for (const { path, data, eps } of scales) {
    result.set(weightOf(path), vector(data.map((scale) => Math.max(0, Math.abs(scale) - eps))));
    const filter = inputs.get(path)?.filter;
    if (!filter || data.every((scale) => scale >= eps)) continue;
    const factors = data.map((scale) => (Math.abs(scale) < eps ? scale / eps : Math.sign(scale)));
    noteTurned(turned, weightOf(path), factors);
    for (const name of carriersOf(path, filter)) {
      const tensor = result.get(name);
      if (!tensor) continue;
      result.set(name, scaleChannels(name, tensor, factors));
      if (name !== meanOf(path)) noteTurned(turned, name, factors);
    }
  }
  return { tensors: result, turned, notes: notesOf(scales, source) };
}

/** The states that take a layer's sign. */
function carriersOf(path: string, { weight, bias }: Filter): string[] {
  return [weight, ...(bias === null ? [] : [bias]), meanOf(path)];
}

function noteTurned(turned: Map<string, Float32Array>, name: string, factors: Float32Array): void {
  if (factors.some((factor) => factor < 0)) turned.set(name, factors);
}

async function scalesOf(network: AnyModule, tensors: StateTensors): Promise<Scale[]> {
  const scales: Scale[] = [];
  for (const [path, module] of network.modules()) {
    const name = weightOf(path);
    const tensor = tensors.get(name);
    if (!(module instanceof ABN) || !tensor) continue;
    const { data } = await readContent(name, tensor);
    if (!(data instanceof Float32Array)) continue;
    // Rounded to the dtype of the scales, because both layers can have γ = ε.
    scales.push({ path, data, eps: Math.fround(module.eps), inPlace: module instanceof InPlaceABN });
  }
  return scales;
}

function weightOf(path: string): string {
  return path ? `${path}.weight` : 'weight';
}

function meanOf(path: string): string {
  return path ? `${path}.running_mean` : 'running_mean';
}

function vector(data: Float32Array): StateTensor {
  return { dtype: 'float32', shape: [data.length], data };
}

function notesOf(scales: readonly Scale[], source: string): string[] {
  const negative = scales.filter(({ data }) => data.some((scale) => scale < 0)).length;
  const moved = negative > 0 ? `; negative signs of ${negative} move into the filters they read` : '';
  const notes = [
    `${source} was trained with ordinary batch norm, the network has in-place layers: ${scales.length} layers take |γ| − ε ` +
      `as their scale${moved}, which gives the same network`,
  ];
  const small = channelsOf(scales, (scale, eps) => Math.abs(scale) < eps);
  if (small.count > 0) {
    notes.push(
      `${source}: ${small.count} of its ${small.of} scales are smaller than ε, which an in-place layer scales by at least; their filters ` +
        `are made smaller instead, which gives the same network: ${small.text}`,
    );
  }
  return notes;
}

function checkCarried(
  scales: readonly Scale[],
  inputs: ReadonlyMap<string, NormInput>,
  source: string,
): void {
  const stuck = scales.filter(({ path, data, eps }) => {
    return !inputs.get(path)?.filter && data.some((scale) => scale < eps);
  });
  const [first] = stuck;
  if (!first) return;
  const found = channelsOf(stuck, (scale, eps) => scale < eps);
  const layers = stuck.length > 1 ? `${stuck.length} layers` : 'one layer';
  throw new UsageError(
    `${source} was trained with ordinary batch norm, and ${first.path} reads ${inputs.get(first.path)?.from ?? 'no filter'}: no filter can take the sign of ` +
      `a negative scale, or shrink for one below ε, so ${found.count} scales of ${layers} cannot be carried to in-place batch norm (${found.text}); ` +
      'keep ordinary batch norm for these weights',
    { code: 'ERR_SCALE' },
  );
}

function checkFinite(scales: readonly Scale[], source: string): void {
  const found = channelsOf(scales, (scale) => !Number.isFinite(scale));
  if (found.count === 0) return;
  throw new UsageError(
    `${source}: ${found.count} of its ${found.of} scales of batch norm are not finite (${found.text}): take a checkpoint from before that`,
    { code: 'ERR_NOT_FINITE_WEIGHTS' },
  );
}

function checkPositive(scales: readonly Scale[], source: string): void {
  const found = channelsOf(scales, (scale) => scale < 0);
  if (found.count === 0) return;
  throw new UnknownOriginError(
    `${found.count} of the ${found.of} scales in ${source} are negative, the first in ${found.first}, and the file does not record ` +
      'whether they were trained with ordinary batch norm, which scales by γ, or in place, by |γ| + ε: name the batch norm',
  );
}

interface Found {
  readonly count: number;
  /** Number of checked scales. */
  readonly of: number;
  /** Name, channel and value of the first. */
  readonly first: string;
  /** Channels and values by layer, long lists shortened. */
  readonly text: string;
}

/** Maximum number of layers and channels in a message. */
const [LAYERS, CHANNELS] = [8, 4];

function channelsOf(scales: readonly Scale[], matches: (scale: number, eps: number) => boolean): Found {
  const layers: string[] = [];
  let [count, of, first] = [0, 0, ''];
  for (const { path, data, eps } of scales) {
    const found = [...data.entries()].filter(([, scale]) => matches(scale, eps));
    of += data.length;
    const [head] = found;
    if (!head) continue;
    if (count === 0) first = `${weightOf(path)} (channel ${head[0]}: ${head[1]})`;
    count += found.length;
    const listed = found
      .slice(0, CHANNELS)
      .map(([channel, scale]) => `${channel}: ${Number(scale.toPrecision(3))}`);
    const more = found.length > CHANNELS ? ` and ${found.length - CHANNELS} more` : '';
    layers.push(`${path} channel ${listed.join(', ')}${more}`);
  }
  const more = layers.length > LAYERS ? `; and ${layers.length - LAYERS} more layers` : '';
  return { count, of, first, text: layers.slice(0, LAYERS).join('; ') + more };
}
