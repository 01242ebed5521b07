/** Runs photographs through a segmentation network: writes a class map of each, and a page of all. */
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

/** A stopped program ends after at most this many milliseconds. */
const LAST_MS = 10_000;

/**
 * Segments all photographs that the arguments name. Lists all of them first, to reject two that would be
 * written to the same file.
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
      `${checkpoint} holds a segmentation network: name a folder for its class maps with --output DIR`,
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
  if (unused > 0) stream.write(`error: ${unused} of the files cannot be used: see above\n`);
  if (stopped) {
    // A read that is still pending may never finish.
    endWithin(LAST_MS);
    return signalExitCode(stopped);
  }
  return unused > 0 ? 1 : 0;
}

/** The photographs found, and the number of names that match none. */
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
