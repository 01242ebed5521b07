/** The option that overrides values of a configuration. */
import { InvalidArgumentError, Option } from 'commander';
import { ConfigError } from '../config/error.js';
import { type Override, parseOverride } from '../config/overrides.js';

/** `--set KEY.KEY=VALUE`, as often as needed. */
export function setOption(): Option {
  return new Option(
    '--set <key=value>',
    'override a value of the configuration, such as optimizer.learning_rate=0.2, loss.type=bce or ema.decay=0.999; may be repeated',
  )
    .default([] as readonly Override[], 'those of the file')
    .argParser((text: string, before: readonly Override[]) => {
      try {
        return [...before, parseOverride(text)];
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        throw new InvalidArgumentError(error.problems[0]?.message ?? error.message);
      }
    });
}
