/** Maps class folders to outputs of the network. */
import { readDescription } from '@inplace-abn/checkpoint';
import { UsageError } from '@inplace-abn/core';
import { type NamedClass, readClassFile } from '@inplace-abn/recipes';

export interface ClassMap {
  /** The output of each class folder, in label order. */
  readonly outputs: readonly number[];
  /** Names of the network's outputs. */
  readonly names: readonly string[];
}

export interface ClassListOptions {
  /** Class folders in label order. */
  readonly folders: readonly string[];
  /** Their parent folder, for errors. */
  readonly root: string;
  /** Outputs of the network. */
  readonly outputs: number;
  /** File with one class per line; see `readClassFile`. */
  readonly file?: string;
  /** Classes of the outputs that the checkpoint records, in order. */
  readonly recorded?: readonly NamedClass[];
}

/**
 * The classes of the network's outputs in order, from the file if given, else from the checkpoint; undefined
 * if unknown.
 *
 * @throws UsageError for a file that cannot be used, CheckpointError for a file that is not a checkpoint
 */
export async function knownClasses(
  file: string | undefined,
  checkpoint: string,
): Promise<readonly NamedClass[] | undefined> {
  if (file !== undefined) return readClassFile(file);
  const { classes } = await readDescription(checkpoint);
  return classes?.map((name) => ({ folder: name, name }));
}

/** Maps labels that are already indices of outputs. @throws UsageError for more classes than outputs */
export function classesInOrder(classes: readonly NamedClass[], outputs: number, source: string): ClassMap {
  if (classes.length > outputs) {
    throw new UsageError(
      `${source} names ${classes.length} classes but the network has ${outputs} outputs (network.classes)`,
    );
  }
  return {
    outputs: classes.map((_, label) => label),
    names: Array.from({ length: outputs }, (_, output) => classes[output]?.name ?? `output ${output}`),
  };
}

/**
 * Matches class folders with outputs: by the file if given, else by the recorded classes if they are the
 * folders, else one to one in sorted order. Networks that were trained with a list of labels or with shards
 * may have another order than folders.
 *
 * @throws UsageError for a file that cannot be used or lacks a folder, and for different numbers of folders
 * and outputs without a file
 */
export async function matchClasses(options: ClassListOptions): Promise<ClassMap> {
  const { folders, root, outputs, file, recorded = [] } = options;
  if (file !== undefined) return byFile(options, await readClassFile(file), file);
  if (folders.length !== outputs) {
    const remedy =
      folders.length < outputs
        ? 'name all classes in the order of the outputs with --classes FILE, so that the folders can be looked up'
        : `test on a folder of the ${outputs} classes that the network was trained on, or use a network trained on these ${folders.length}`;
    throw new UsageError(
      `${root} has ${folders.length} class folders but the network has ${outputs} outputs (network.classes): ${remedy}`,
    );
  }
  const names = new Set(recorded.map(({ folder }) => folder));
  const same = names.size === folders.length && folders.every((folder) => names.has(folder));
  return inOrderOf(same ? recorded : folders.map((folder) => ({ folder, name: folder })), options);
}

/** Looks each folder up among the classes of the outputs; −1 for one that is not there. */
function inOrderOf(classes: readonly NamedClass[], { folders, outputs }: ClassListOptions): ClassMap {
  const indices = new Map(classes.map(({ folder }, index) => [folder, index]));
  return {
    outputs: folders.map((folder) => indices.get(folder) ?? -1),
    names: Array.from({ length: outputs }, (_, output) => classes[output]?.name ?? `output ${output}`),
  };
}

function byFile(options: ClassListOptions, named: readonly NamedClass[], file: string): ClassMap {
  const { folders, root, outputs } = options;
  if (named.length > outputs) {
    throw new UsageError(
      `${file} names ${named.length} classes but the network has ${outputs} outputs (network.classes)`,
    );
  }
  const map = inOrderOf(named, options);
  const unknown = folders.filter((_, label) => map.outputs[label] === -1);
  if (unknown.length > 0) {
    const more = unknown.length > 5 ? ` and ${unknown.length - 5} more` : '';
    throw new UsageError(
      `${file} has no line for ${unknown.slice(0, 5).join(', ')}${more} of ${root}: it must hold the folder names, in the order of the network's outputs`,
    );
  }
  return map;
}
