/** Weights between networks of ordinary and of in-place batch norm: one scales by γ, the other by |γ| + ε. */
import { type HostTensor, UsageError } from '@inplace-abn/core';
import { ABN, InPlaceABN, type Module } from '@inplace-abn/nn';
import type { NetworkConfig } from '../config/schema.js';

export interface Transfer {
  readonly tensors: Map<string, HostTensor>;
  /** Sentences for the user. */
  readonly notes: readonly string[];
}

/**
 * Makes weights that were trained with `trained` (undefined: nobody knows) right for `network`.
 *
 * In place to ordinary: γ ← |γ| + ε, exactly the same function. Ordinary to in place: γ ← γ − ε, which exists where
 * γ ≥ 0; a network with γ < 0 is refused. Where the origin is not known, γ < 0 in an in-place network is worth a note.
 *
 * @param source what to call the file in messages
 */
export function transferScales(
  network: Module,
  tensors: ReadonlyMap<string, HostTensor>,
  trained: NetworkConfig['bn_mode'] | undefined,
  source: string,
): Transfer {
  const layers = scalesOf(network);
  const into = layers.some(({ inPlace }) => inPlace) ? 'in-place' : 'ordinary';
  const from = trained === undefined ? undefined : trained === 'standard' ? 'ordinary' : 'in-place';
  const result = new Map(tensors);
  if (from === into) return { tensors: result, notes: [] };
  const negative = into === 'in-place' ? negativeScales(layers, tensors) : null;
  if (from === undefined) return { tensors: result, notes: negative ? [doubt(negative, source)] : [] };
  if (negative) throw new UsageError(refusal(negative, source));
  for (const { name, eps } of layers) {
    const tensor = tensors.get(name);
    if (!(tensor?.data instanceof Float32Array)) continue;
    const convert = (scale: number) =>
      into === 'ordinary' ? Math.abs(scale) + eps : Math.max(scale - eps, 0);
    result.set(name, { ...tensor, data: tensor.data.map(convert) });
  }
  const rule = into === 'ordinary' ? '|γ| + ε' : 'γ − ε';
  return {
    tensors: result,
    notes: [
      `${source} was trained with ${from} batch norm, the configuration has ${into} layers: ${layers.length} layers take ${rule} as their scale, which gives the same network`,
    ],
  };
}

interface Scale {
  readonly name: string;
  readonly eps: number;
  readonly inPlace: boolean;
}

function scalesOf(network: Module): Scale[] {
  return [...network.modules()].flatMap(([path, module]) =>
    module instanceof ABN
      ? [{ name: `${path}.weight`, eps: module.eps, inPlace: module instanceof InPlaceABN }]
      : [],
  );
}

interface Negative {
  readonly count: number;
  readonly of: number;
  readonly first: string;
}

function negativeScales(layers: readonly Scale[], tensors: ReadonlyMap<string, HostTensor>): Negative | null {
  let [count, of, first] = [0, 0, ''];
  for (const { name } of layers) {
    const data = tensors.get(name)?.data;
    if (!(data instanceof Float32Array)) continue;
    const negative = data.reduce((sum, scale) => sum + (scale < 0 ? 1 : 0), 0);
    if (negative > 0 && count === 0) first = name;
    count += negative;
    of += data.length;
  }
  return count > 0 ? { count, of, first } : null;
}

function refusal({ count, of, first }: Negative, source: string): string {
  return (
    `${source} was trained with ordinary batch norm and ${count} of its ${of} scales are negative, the first in ${first}: ` +
    'an in-place network scales by |γ| + ε, so these channels would change their sign; test it with network.bn_mode "standard"'
  );
}

function doubt({ count, of, first }: Negative, source: string): string {
  return (
    `${count} of the ${of} scales in ${source} are negative, the first in ${first}: an in-place network scales by |γ| + ε. ` +
    'That is right for weights trained in place; weights trained with ordinary batch norm need network.bn_mode "standard"'
  );
}
