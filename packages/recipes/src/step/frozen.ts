/** The parts of a network that a configuration freezes. */
import { advise } from '@inplace-abn/cli';
import type { AnyModule } from '@inplace-abn/nn';
import { type SessionOptions, TrainedParameters } from '@inplace-abn/session';
import type { OptimizerConfig } from '../config/schema.js';

const ADVICE = { ERR_NO_MATCH: ' (optimizer.freeze, optimizer.frozen_statistics)' };

/** The frozen parts as options of a Session. */
export function frozenOptions({
  freeze,
  frozen_statistics: statistics,
}: OptimizerConfig): Required<Pick<SessionOptions, 'freeze' | 'frozenStatistics'>> {
  return { freeze, frozenStatistics: statistics === false ? [] : statistics };
}

/**
 * The parameters of a network that a configuration trains, and the layers whose statistics it fixes.
 *
 * @throws UsageError, code ERR_NO_MATCH, for a path that the network does not have
 */
export function trainedIn(network: AnyModule, config: OptimizerConfig): TrainedParameters {
  try {
    return new TrainedParameters(network, frozenOptions(config));
  } catch (error) {
    advise(error, ADVICE);
    throw error;
  }
}
