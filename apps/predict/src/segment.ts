/** Photographs through a segmentation network: a class map of each, and a page of all. */
import { type Advice, CommandLineError, printable, signalExitCode, withAdvice } from '@inplace-abn/cli';
import { UsageError } from '@inplace-abn/core';
import { chooseProcessDevice } from '@inplace-abn/cuda';
import {
  loadClasses,
  MAX_PIXELS_ADVICE,
  networkFor,
  segmentingOf,
  segmentPhotographs,
  TRAINED_WITH_ADVICE,
} from '@inplace-abn/recipes';
import { endWithin, type ProgressStream } from '@inplace-abn/train';
import { photographs } from './images/sources.js';
import type { Options } from './options.js';

const ADVICE: Advice = {
  ...TRAINED_WITH_ADVICE,
  ...MAX_PIXELS_ADVICE,
  ERR_MEMORY: ' (--max-size, --memory-budget)',
};

/** Milliseconds that a program which was told to stop may still take to end. */
const LAST_MS = 10_000;

/**
 * Segments all photographs that the arguments name. All their names are known before the first one, so that
 * none is written over another.
 *
 * @returns the exit code
 */
export function segment(
  checkpoint: string,
  images: readonly string[],
  options: Options,
  stream: ProgressStream = process.stderr,
): Promise<number> {
  return withAdvice(ADVICE, () => segmentAll(checkpoint, images, options, stream));
}

async function segmentAll(
  checkpoint: string,
  images: readonly string[],
  options: Options,
  stream: ProgressStream,
): Promise<number> {
  const { output: outDir, config, maxPixels, trainedWith } = options;
  if (outDir === undefined) {
    throw new CommandLineError(
      `${checkpoint} is of a network for segmentation: name a folder for its class maps with --output DIR`,
    );
  }
  const classes = options.classes === undefined ? undefined : await loadClasses(options.classes);
  const network = await networkFor(checkpoint, config, classes);
  const { paths, vain } = await listed(images, stream);
  const { device, reason } = chooseProcessDevice(options, undefined);
  stream.write(`${reason}\n`);
  const { failed, stopped } = await segmentPhotographs({
    ...network,
    ...segmentingOf(options),
    device,
    snapshot: checkpoint,
    photographs: paths,
    outDir,
    maxPixels,
    trainedWith,
    advice: ADVICE,
    stream,
  });
  const unused = failed + vain;
  if (unused > 0) stream.write(`error: ${unused} of the files cannot be used; they are named above\n`);
  if (stopped) {
    // A photograph that was being read may never come.
    endWithin(LAST_MS);
    return signalExitCode(stopped);
  }
  return unused > 0 ? 1 : 0;
}

/** The photographs that are there, and how many names have none. */
async function listed(
  images: readonly string[],
  stream: ProgressStream,
): Promise<{ paths: string[]; vain: number }> {
  const paths: string[] = [];
  let vain = 0;
  for await (const found of photographs(images, process.stdin)) {
    if ('reason' in found) {
      stream.write(`error: ${printable(found.path)}: ${printable(found.reason)}\n`);
      vain++;
    } else {
      paths.push(found.path);
    }
  }
  if (paths.length > 0) return { paths, vain };
  throw new UsageError('no images given: expected files, folders or a list of files');
}
