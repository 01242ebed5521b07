/** Which files a process takes, and what each is written to. */
import { stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { UsageError } from '@inplace-abn/core';

/** Outputs per image, in addition to its record for the gallery. */
export type OutputKind = 'prediction' | 'probability' | 'overlay' | 'record';

const SUFFIXES: Record<OutputKind, string> = {
  prediction: '.png',
  probability: '_prob.png',
  overlay: '_overlay.png',
  record: '.json',
};

/** Folder of the gallery's records and thumbnails, in the output folder. */
export const GALLERY_FOLDER = 'gallery';

/** Base name of a file's outputs: its name without the extension, with bytes that are not UTF-8 as `%e4`. */
export function outputName(file: string): string {
  const name = basename(file, extname(file));
  return name.replaceAll(/[\udc80-\udcff]/gu, (byte) => `%${(byte.charCodeAt(0) - 0xdc00).toString(16)}`);
}

/** Where one kind of output of an image goes. */
export function outputPath(outDir: string, name: string, kind: OutputKind): string {
  const folder = kind === 'record' ? join(outDir, GALLERY_FOLDER) : outDir;
  return join(folder, `${name}${SUFFIXES[kind]}`);
}

/**
 * The files of process `index` of `count`: every file is taken by exactly one, and their numbers differ by at
 * most one. All processes must pass the same files, in any order, so call it before {@link unfinished}.
 *
 * @throws UsageError for an index that is not from 0 to below `count`
 */
export function shardOf(files: readonly string[], index: number, count: number): string[] {
  if (!Number.isInteger(count) || count < 1 || !Number.isInteger(index) || index < 0 || index >= count) {
    throw new UsageError(
      `process ${index} of ${count}: expected a number from 0 to below the number of processes`,
    );
  }
  // Neighbors are often photographs of one size: taken in turn, they spread over the processes.
  return files.toSorted().filter((_, i) => i % count === index);
}

/**
 * Refuses files whose outputs would overwrite each other or an input.
 *
 * @throws {UsageError} naming both files
 */
export function checkOutputs(files: readonly string[], outDir: string, outputs: readonly OutputKind[]): void {
  const inputs = new Map(files.map((file) => [resolve(file), file]));
  const writers = new Map<string, string>();
  for (const file of files) {
    for (const kind of outputs) {
      const path = resolve(outputPath(outDir, outputName(file), kind));
      const input = inputs.get(path);
      if (input !== undefined) {
        throw new UsageError(
          `${file} would be written over the input ${input}: choose another output folder`,
        );
      }
      const other = writers.get(path);
      if (other !== undefined && other !== file) {
        throw new UsageError(`${other} and ${file} would both be written to ${path}: rename one of them`);
      }
      writers.set(path, file);
    }
  }
}

/**
 * The files of which an output is missing. Outputs are written atomically, so an existing one is complete.
 */
export async function unfinished(
  files: readonly string[],
  outDir: string,
  outputs: readonly OutputKind[],
): Promise<string[]> {
  const finished = await Promise.all(
    files.map(async (file) => {
      const each = outputs.map((kind) => isFile(outputPath(outDir, outputName(file), kind)));
      return (await Promise.all(each)).every(Boolean);
    }),
  );
  return files.filter((_, i) => !finished[i]);
}

async function isFile(path: string): Promise<boolean> {
  try {
    const stats = await stat(path);
    return stats.isFile() && stats.size > 0;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}
