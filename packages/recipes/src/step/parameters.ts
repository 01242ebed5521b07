/** Learning rate and weight decay of each parameter, by the configuration. */
import type { StateSpec } from '@inplace-abn/core';
import { isNormOrBias, selected } from '@inplace-abn/session';
import type { OptimizerConfig } from '../config/schema.js';
import type { Objective } from '../task/task.js';

/** How one parameter is trained. */
export interface ParameterOptions {
  /** Whether `classifier_lr` is for it. */
  readonly classifier: boolean;
  /** Factor on its learning rate: of its layer, times that of its group. */
  readonly factor: number;
  readonly weightDecay: number;
}

/**
 * The options of every parameter of a network, in the order of its modules.
 *
 * @throws UsageError, code ERR_NO_MATCH, for a name in `optimizer.groups` that no parameter has
 */
export function parameterOptions(
  states: readonly StateSpec[],
  config: OptimizerConfig,
  { classifier: beginnings }: Pick<Objective, 'classifier'>,
): Map<string, ParameterOptions> {
  const parameters = states.filter(({ kind }) => kind === 'parameter');
  const names = parameters.map(({ name }) => name);
  const groups = config.groups.map(({ parameters: selection, ...options }, index) => ({
    ...options,
    names: selected(`optimizer.groups[${index}].parameters`, selection, names),
  }));
  const isClassifier = (name: string) => beginnings.some((beginning) => name.startsWith(beginning));
  const factorOf = layerFactors(names, config.layer_decay, isClassifier);
  return new Map(
    parameters.map((parameter) => {
      const { name } = parameter;
      const group = groups.find((each) => each.names.has(name));
      const decays = config.decay_norm_and_bias || !isNormOrBias(parameter);
      const common = decays ? config.weight_decay : 0;
      const own = group && group.weight_decay >= 0 ? group.weight_decay : common;
      const factor = factorOf(name) * (group?.rate_factor ?? 1);
      return [name, { classifier: isClassifier(name), factor, weightDecay: own }];
    }),
  );
}

/**
 * As timm's param_groups_layer_decay: the factor of layer l of L + 1 is decay^(L − l). The stem is layer 0, each block
 * is one, and what comes behind the blocks is the last one, with the classifier.
 */
function layerFactors(
  names: readonly string[],
  decay: number,
  isClassifier: (name: string) => boolean,
): (name: string) => number {
  if (decay === 1) return () => 1;
  const layers = new Map<string, number>();
  for (const name of names) {
    const block = isClassifier(name) ? null : blockOf(name);
    if (block !== null && !layers.has(block)) layers.set(block, layers.size + 1);
  }
  const last = layers.size + 1;
  let begun = false;
  const layerOf = new Map<string, number>();
  for (const name of names) {
    const block = isClassifier(name) ? null : blockOf(name);
    begun ||= block !== null;
    const around = begun || isClassifier(name) ? last : 0;
    layerOf.set(name, block === null ? around : (layers.get(block) ?? last));
  }
  return (name) => decay ** (last - (layerOf.get(name) ?? last));
}

/** The path of the block that a parameter is in, such as `body.mod3.block2`; null outside of blocks. */
function blockOf(name: string): string | null {
  return /^(.*?(?:^|\.)(?:block|dense|layer)\d+(?:\.\d+)?)\./.exec(name)?.[1] ?? null;
}
