/** Runs photographs through a classifier, or up to one of its layers, and writes the results. */
import { type Advice, signalExitCode, withAdvice } from '@inplace-abn/cli';
import { UsageError } from '@inplace-abn/core';
import { chooseProcessDevice } from '@inplace-abn/cuda';
import { classNames, type Described, TRAINED_WITH_ADVICE, type TrainConfig } from '@inplace-abn/recipes';
import { formatDuration, Progress, StopRequest, threeDigits } from '@inplace-abn/train';
import { photographs } from './images/sources.js';
import { filesOf, type Options, printsResults } from './options.js';
import { Matrix } from './output/npy.js';
import { Page } from './output/page.js';
import { guessesOf, labelsOver, type Sink } from './output/result.js';
import { STDOUT, targetFor, watchReader } from './output/stream.js';
import { csv, csvOfLabels, jsonLines, readableLines } from './output/text.js';
import { type Outcome, predictPhotographs } from './predict.js';

const ADVICE: Advice = {
  ...TRAINED_WITH_ADVICE,
  ERR_NO_CLASSES:
    ' with --classes FILE, one line per output: the class folders of the training images in sorted order, as ls prints them',
  ERR_MEMORY: ' (--batch, --crop)',
};

/** @returns the exit code */
export function classify(
  checkpoint: string,
  images: readonly string[],
  described: Described,
  options: Options,
): Promise<number> {
  return withAdvice(ADVICE, () => predict(checkpoint, images, described, options));
}

async function predict(
  checkpoint: string,
  images: readonly string[],
  { config, classes }: Described,
  options: Options,
): Promise<number> {
  const { features: layer, top, threshold } = options;
  if (layer === undefined && config.network.classes === 0) {
    throw new UsageError(`${checkpoint} has no classifier (network.classes is 0): add --features LAYER`, {
      code: 'ERR_NO_CLASSIFIER',
    });
  }
  const outputs = config.network.classes;
  const nameOf =
    layer === undefined ? await classNames(outputs, classes, options.classes, checkpoint) : String;
  const { device, reason } = chooseProcessDevice(options, undefined);
  const progress = new Progress({ stream: process.stderr, printFreq: options.printFreq });
  progress.note(reason);
  const stop = new StopRequest((signal) =>
    progress.note(`${signal}: stopping after this batch; repeat to kill`),
  );
  const results = printsResults(options);
  const reads = watchReader(process.stdout);
  try {
    const outcome = await predictPhotographs({
      device,
      config,
      checkpoint,
      layer,
      trainedWith: options.trainedWith,
      photographs: photographs(images, process.stdin),
      batchSize: options.batch,
      workers: options.workers,
      maxPixels: options.maxPixels,
      crop: options.crop ?? config.input.crop_val,
      scale: options.scale ?? config.input.scale_val,
      guess:
        config.task === 'multi-label'
          ? (logits) => labelsOver(logits, threshold, nameOf)
          : (logits) => guessesOf(logits, Math.min(top, Math.max(1, outputs)), nameOf),
      sinks: (width) => sinksOf(options, config, checkpoint, width),
      progress,
      shows: !(process.stdout.isTTY && results),
      stop,
      wanted: () => !results || reads(),
    });
    return conclude(outcome, options, progress);
  } finally {
    stop.dispose();
  }
}

async function sinksOf(
  options: Options,
  config: TrainConfig,
  checkpoint: string,
  width: number,
): Promise<Sink[]> {
  const { json, csv: table, html, npy, features, top, maxPixels } = options;
  const sinks: Sink[] = [];
  if (json !== undefined) sinks.push(jsonLines(targetFor(json)));
  const multiLabel = config.task === 'multi-label';
  if (table !== undefined) {
    const target = targetFor(table);
    sinks.push(multiLabel ? csvOfLabels(target) : csv(target, Math.min(top, width)));
  }
  if (npy !== undefined) sinks.push(await Matrix.create(npy, width));
  if (html !== undefined) {
    const title = `${config.network.arch}: predictions`;
    const facts: [string, string][] = [
      ['network', `${config.network.arch}, ${config.network.precision}`],
      ['checkpoint', checkpoint],
    ];
    sinks.push(new Page({ path: html, title, facts, maxPixels, all: multiLabel }));
  }
  if (sinks.length > 0) return sinks;
  return [features === undefined ? readableLines(targetFor(STDOUT)) : jsonLines(targetFor(STDOUT))];
}

function conclude(
  { images, failed, seconds, stopped }: Outcome,
  options: Options,
  progress: Progress,
): number {
  const rate = seconds > 0 ? `, ${threeDigits(images / seconds)} images a second` : '';
  progress.note(`${images} ${images === 1 ? 'image' : 'images'} in ${formatDuration(seconds)}${rate}`);
  for (const file of filesOf(options)) progress.note(`wrote ${file}`);
  if (failed > 0) {
    process.stderr.write(`error: ${failed} of the images cannot be used: see above\n`);
  }
  if (stopped) return signalExitCode(stopped);
  return failed > 0 ? 1 : 0;
}
