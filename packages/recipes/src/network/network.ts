/** From the configuration's `network` section to a network and its initial weights. */
import type { HostTensor } from '@inplace-abn/core';
import { normLayers } from '@inplace-abn/interop';
import { type AnyNetworkOptions, createNetwork, takesOption } from '@inplace-abn/models';
import { activationGain, initialStates, type Module, type NormAct } from '@inplace-abn/nn';
import type { NetworkConfig } from '../config/schema.js';

/** The normalization layer that `bn_mode` and `activation` name. */
export function normActOf({ bn_mode, activation, activation_param }: NetworkConfig): NormAct {
  return normLayers(bn_mode, activation, activation_param);
}

/**
 * Builds the network. A family without such a stem ignores `input_3x3`, as in the reference.
 *
 * @throws UsageError for a combination that cannot work
 */
export function networkOf(config: NetworkConfig): Module {
  const { arch, classes } = config;
  const options: AnyNetworkOptions = { normAct: normActOf(config), classes, ...bodyOptionsOf(config) };
  return createNetwork(arch, options);
}

/** Options of the layers below the classifier. */
export function bodyOptionsOf({
  arch,
  dilation,
  width,
  stem,
  input_3x3,
}: NetworkConfig): Omit<AnyNetworkOptions, 'normAct' | 'classes'> {
  return {
    width,
    stem,
    ...(takesOption(arch, 'input3x3') ? { input3x3: input_3x3 } : {}),
    // 1 and false say "not dilated" in every family, whichever its form of the option.
    ...(dilation === 1 || dilation === false ? {} : { dilation }),
  };
}

/** Initialization of the classifier in the reference. */
const LINEAR = { weightInit: 'xavier_uniform', gain: 0.1 } as const;

/** The configured initial weights, a function of the seed. */
export function initialStateOf(
  network: Module,
  config: NetworkConfig,
  seed: number,
): Map<string, HostTensor> {
  return new Map(statesOf(network, config, seed, false));
}

/** Like {@link initialStateOf}, one state at a time: each is valid until the next is requested. */
export function initialStatesOf(
  network: Module,
  config: NetworkConfig,
  seed: number,
): Iterable<[name: string, tensor: HostTensor]> {
  return statesOf(network, config, seed, true);
}

function statesOf(
  network: Module,
  config: NetworkConfig,
  seed: number,
  reuse: boolean,
): Iterable<[name: string, tensor: HostTensor]> {
  const { activation, activation_param, weight_init, weight_gain_multiplier } = config;
  return initialStates(network, {
    seed,
    reuse,
    weightInit: weight_init,
    gain: weight_gain_multiplier * activationGain(activation, activation_param),
    linear: LINEAR,
    slope: activation === 'relu' || activation === 'elu' ? 0 : activation_param,
  });
}
