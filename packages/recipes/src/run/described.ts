/** The network of a checkpoint, and the names of its outputs: from the checkpoint itself, or other files. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { latestRunMeta, type ModelDescription, readDescription } from '@inplace-abn/checkpoint';
import { UsageError } from '@inplace-abn/core';
import { readClassFile } from '../classification/class-file.js';
import { loadConfig } from '../config/config.js';
import type { TrainConfig } from '../config/schema.js';
import { trainedConfig } from '../weights/origin.js';
import { configIn } from './description.js';

/** A network with what its checkpoint says about it. */
export interface Described {
  /** The configuration of its network. */
  readonly config: TrainConfig;
  /** Names of the outputs, as far as the checkpoint has them. */
  readonly classes: readonly string[];
}

/**
 * Reads a checkpoint's own description. A given configuration comes first; an older file may lie in a run
 * folder with one.
 *
 * @throws UsageError if there is no checkpoint; with the code ERR_NO_CONFIG if nothing says which network it
 * is; CheckpointError for a file that is not a checkpoint; ConfigError for `configFile`
 */
export async function describedNetwork(checkpoint: string, configFile?: string): Promise<Described> {
  const kind = await stat(checkpoint).catch(() => null);
  if (!kind) {
    throw new UsageError(`there is no checkpoint ${checkpoint}: expected a file, or a folder of checkpoints`);
  }
  if (kind.isDirectory() && !(await latestRunMeta(checkpoint))) {
    const states = join(checkpoint, 'checkpoints');
    throw new UsageError(
      `there is no intact checkpoint in the folder ${checkpoint}${existsSync(states) ? `; name ${states}` : ''}`,
    );
  }
  const description = await readDescription(checkpoint);
  const { classes = [] } = description;
  if (configFile !== undefined) return { config: await loadConfig(configFile, { ofRun: true }), classes };
  const config = await ownConfig(checkpoint, kind.isDirectory(), description);
  if (config) return { config, classes };
  throw new UsageError(
    `${checkpoint} does not say which network it holds, and its folder has no config.json: name the configuration it was trained with`,
    { code: 'ERR_NO_CONFIG' },
  );
}

async function ownConfig(
  path: string,
  isFolder: boolean,
  description: ModelDescription,
): Promise<TrainConfig | null> {
  return configIn(description, path) ?? trainedConfig({ path: isFolder ? join(path, 'checkpoint') : path });
}

/**
 * Names each output of a classifier: from the file of names if given, else from the checkpoint.
 *
 * @throws UsageError with the code ERR_NO_CLASSES if nothing names the classes; UsageError for more names
 * than outputs, and for a file that cannot be used
 */
export async function classNames(
  outputs: number,
  recorded: readonly string[],
  classFile: string | undefined,
  checkpoint: string,
): Promise<(label: number) => string> {
  const names = classFile === undefined ? recorded : (await readClassFile(classFile)).map(({ name }) => name);
  if (names.length === 0) {
    throw new UsageError(`${checkpoint} does not name its ${outputs} classes: name them in a file`, {
      code: 'ERR_NO_CLASSES',
    });
  }
  if (names.length > outputs) {
    throw new UsageError(
      `${classFile ?? checkpoint} names ${names.length} classes but the network has ${outputs} outputs`,
    );
  }
  return (label) => names[label] ?? `output ${label}`;
}
