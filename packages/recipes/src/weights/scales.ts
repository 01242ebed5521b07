/** Weights between networks of ordinary and of in-place batch norm: one scales by γ, the other by |γ| + ε. */
import { readContent } from '@inplace-abn/checkpoint';
import { UsageError } from '@inplace-abn/core';
import { ABN, InPlaceABN, type Module } from '@inplace-abn/nn';
import type { StateTensor, StateTensors } from '@inplace-abn/session';
import type { NetworkConfig } from '../config/schema.js';

/** Of a network, or of the weights of a file. */
export type NormMode = NetworkConfig['bn_mode'];

export const NORM_MODES = ['standard', 'inplace', 'sync'] as const satisfies readonly NormMode[];

/** Weights that mean one network if they were trained in place and another if not, and nothing tells. */
export class UnknownOriginError extends UsageError {
  override readonly code = 'ERR_UNKNOWN_ORIGIN';
}

export interface Transfer {
  readonly tensors: Map<string, StateTensor>;
  /** Scales that changed their sign, as they were: moments of an optimiser change theirs with them. */
  readonly turned: ReadonlyMap<string, Float32Array>;
  /** Sentences for the user. */
  readonly notes: readonly string[];
}

interface Scale {
  readonly name: string;
  readonly data: Float32Array;
  readonly eps: number;
  /** Of the network's layer. */
  readonly inPlace: boolean;
}

/**
 * Makes weights that were trained with `trained` (undefined: nobody knows) right for `network`.
 *
 * In place to ordinary: γ ← |γ| + ε, exactly the same function. Ordinary to in place: γ ← γ − ε, which exists where
 * γ ≥ ε; anything less is refused. Weights of unknown origin are taken as they are, unless some γ is negative: then they
 * are two different networks.
 *
 * @param source what to call the file in messages
 * @throws UsageError naming the first layer whose scale cannot be carried over; UnknownOriginError
 */
export async function transferScales(
  network: Module,
  tensors: StateTensors,
  trained: NormMode | undefined,
  source: string,
): Promise<Transfer> {
  const all = await scalesOf(network, tensors);
  if (trained === undefined) {
    checkPositive(all, source);
    return { tensors: new Map(tensors), turned: new Map(), notes: [] };
  }
  const scales = all.filter(({ inPlace }) => inPlace === (trained === 'standard'));
  const result = new Map(tensors);
  const turned = new Map<string, Float32Array>();
  if (trained === 'standard') checkLarge(scales, source);
  for (const { name, data, eps } of scales) {
    const convert = (scale: number) => (trained === 'standard' ? scale - eps : Math.abs(scale) + eps);
    result.set(name, { dtype: 'float32', shape: [data.length], data: data.map(convert) });
    if (trained !== 'standard' && data.some((scale) => scale < 0)) turned.set(name, data);
  }
  return { tensors: result, turned, notes: scales.length > 0 ? [explain(trained, scales, source)] : [] };
}

function explain(trained: NormMode, { length }: readonly Scale[], source: string): string {
  const [from, into, rule] =
    trained === 'standard' ? ['ordinary', 'in-place', 'γ − ε'] : ['in-place', 'ordinary', '|γ| + ε'];
  return `${source} was trained with ${from} batch norm, the configuration has ${into} layers: ${length} layers take ${rule} as their scale, which gives the same network`;
}

async function scalesOf(network: Module, tensors: StateTensors): Promise<Scale[]> {
  const scales: Scale[] = [];
  for (const [path, module] of network.modules()) {
    const name = `${path}.weight`;
    const tensor = tensors.get(name);
    if (!(module instanceof ABN) || !tensor) continue;
    const data = 'data' in tensor ? tensor.data : (await readContent(name, tensor)).data;
    if (!(data instanceof Float32Array)) continue;
    // In the dtype of the scales: γ = ε is one that both layers can have.
    const eps = Math.fround(module.eps);
    scales.push({ name, data, eps, inPlace: module instanceof InPlaceABN });
  }
  return scales;
}

function checkLarge(scales: readonly Scale[], source: string): void {
  const found = first(scales, (scale, eps) => scale < eps);
  if (!found) return;
  throw new UsageError(
    `${source} was trained with ordinary batch norm and ${found.count} of its ${found.of} scales are negative or smaller than ε, the first in ${found.name} ` +
      `(channel ${found.channel}: ${found.value}): an in-place network scales by |γ| + ε and cannot have them; use network.bn_mode "standard"`,
  );
}

function checkPositive(scales: readonly Scale[], source: string): void {
  const found = first(scales, (scale) => scale < 0);
  if (!found) return;
  throw new UnknownOriginError(
    `${found.count} of the ${found.of} scales in ${source} are negative, the first in ${found.name} (channel ${found.channel}: ${found.value}), and nothing tells ` +
      'whether they were trained with ordinary batch norm, which scales by γ, or in place, by |γ| + ε: say which',
  );
}

interface Found {
  readonly name: string;
  readonly channel: number;
  readonly value: number;
  readonly count: number;
  readonly of: number;
}

function first(scales: readonly Scale[], matches: (scale: number, eps: number) => boolean): Found | null {
  let found: Omit<Found, 'count' | 'of'> | null = null;
  let [count, of] = [0, 0];
  for (const { name, data, eps } of scales) {
    for (const [channel, value] of data.entries()) {
      if (!matches(value, eps)) continue;
      found ??= { name, channel, value };
      count++;
    }
    of += data.length;
  }
  return found && { ...found, count, of };
}
