/** Learning rate and weight decay of each parameter, by the configuration. */
import type { StateSpec } from '@inplace-abn/core';
import { isNormOrBias, layerFactors, selected } from '@inplace-abn/session';
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
 * @throws UsageError, code ERR_NO_MATCH, for a name in `optimizer.groups` that no parameter has, and for
 * `optimizer.layer_decay` where the network has no blocks
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
  const factorOf = layerFactors(names, config.layer_decay, {
    option: 'optimizer.layer_decay',
    isLast: isClassifier,
  });
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
