import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ARCHITECTURES } from '@inplace-abn/models';
import { loadConfig, type Override, type TrainConfig } from '@inplace-abn/recipes';

/**
 * Reads a configuration to look at, not to train with. That of a run folder is accepted as its run resumes:
 * see `ofRun` of loadConfig.
 *
 * @throws ConfigError naming the file
 */
export function configToShow(path: string, overrides: readonly Override[]): Promise<TrainConfig> {
  const ofRun = basename(path) === 'config.json' && existsSync(join(dirname(path), 'checkpoints'));
  return loadConfig(path, { architectures: ARCHITECTURES, overrides, ofRun });
}
