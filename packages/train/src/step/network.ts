/** From the configuration's `network` section to a network and its initial weights. */
import { type HostTensor, UsageError } from '@inplace-abn/core';
import { ARCHITECTURES, createNetwork } from '@inplace-abn/models';
import { ABN, activationGain, InPlaceABN, initialState, type Module, type NormAct } from '@inplace-abn/nn';
import type { NetworkConfig } from '../config/schema.js';

export { ARCHITECTURES };

/** The normalisation layer that `bn_mode` and `activation` name. With one process, `sync` is `inplace`. */
export function normActOf({ bn_mode, activation, activation_param }: NetworkConfig): NormAct {
  const Layer = bn_mode === 'standard' ? ABN : InPlaceABN;
  return (channels, options = {}) =>
    new Layer(channels, { activation, activationParam: activation_param, ...options });
}

/** Builds the network. Throws UsageError for a combination that cannot work. */
export function networkOf(config: NetworkConfig): Module {
  const { arch, classes, dilation, width, stem } = config;
  if (typeof dilation === 'boolean') {
    throw new UsageError(`network.dilation: ${arch} takes a number or four numbers but received ${dilation}`);
  }
  return createNetwork(arch, { normAct: normActOf(config), classes, dilation, width, stem });
}

/** Initial weights as the configuration says: a function of the seed. */
export function initialStateOf(
  network: Module,
  config: NetworkConfig,
  seed: number,
): Map<string, HostTensor> {
  const { activation, activation_param, weight_init, weight_gain_multiplier } = config;
  return initialState(network, {
    seed,
    weightInit: weight_init,
    gain: weight_gain_multiplier * activationGain(activation, activation_param),
    slope: activation === 'relu' || activation === 'elu' ? 0 : activation_param,
  });
}
