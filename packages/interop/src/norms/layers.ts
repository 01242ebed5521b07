import type { Activation } from '@inplace-abn/core';
import { ABN, InPlaceABN, InPlaceABNSync, type NormAct } from '@inplace-abn/nn';
import type { NormMode } from './mode.js';

const LAYERS = { standard: ABN, inplace: InPlaceABN, sync: InPlaceABNSync } as const;

/**
 * The factory of a network's normalization layers.
 *
 * @throws UsageError for an activation that in-place layers cannot have
 */
export function normLayers(mode: NormMode, activation: Activation, activationParam: number): NormAct {
  const Layer = LAYERS[mode];
  return (channels, options = {}) => new Layer(channels, { activation, activationParam, ...options });
}
