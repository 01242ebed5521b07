/** What a run leaves beside its checkpoints: summary.json and report.html. */
import type { TrainConfig } from '../config/schema.js';
import type { Engine } from '../engine/engine.js';
import { memoryMapOf } from '../plan/memory-map.js';
import { ordinaryBytes } from '../plan/plan-report.js';
import { formatDuration } from '../progress/units.js';
import { writeReport } from '../report/report.js';
import { readMetrics } from '../run-folder/metrics-log.js';
import type { RunFolder } from '../run-folder/run-folder.js';
import type { Versions } from '../run-folder/versions.js';
import type { RunData } from './data.js';
import type { Position } from './state.js';
import type { Validation } from './validate.js';

export interface Results {
  readonly config: TrainConfig;
  readonly versions: Versions;
  readonly engine: Engine;
  readonly folder: RunFolder;
  readonly data: RunData;
  /** Of the last epoch; null when none was completed. */
  readonly validation: Validation | null;
  readonly position: Position;
  readonly seconds: number;
}

export async function writeResults(results: Results): Promise<void> {
  const { config, engine, folder, data, validation, position, seconds } = results;
  const images = config.optimizer.batch_size;
  const memory = { ours: engine.plan.bytes, ordinary: ordinaryBytes(config, images) };
  const skipped = [...data.train.skipped, ...data.val.skipped];
  await folder.writeSummary({
    arch: config.network.arch,
    epochs: position.epoch,
    steps: position.step,
    images: data.valImages,
    top1: validation?.top1 ?? null,
    top5: validation?.top5 ?? null,
    loss: validation?.loss ?? null,
    bestTop1: position.bestTop1,
    seconds,
    memory,
    skipped: skipped.length,
  });
  await writeReport(folder.reportPath, {
    title: `${config.network.arch}: ${position.step} steps`,
    facts: factsOf(results),
    metrics: await readMetrics(folder.metricsPath),
    memory: { ...memory, images },
    memoryMap: memoryMapOf(engine.plan),
    skipped,
  });
}

function factsOf({ config, versions, data, validation, position, seconds }: Results): [string, string][] {
  const { network, optimizer } = config;
  return [
    ['network', `${network.arch}, ${network.bn_mode}, ${network.activation}, ${network.precision}`],
    ['top-1 on validation', validation ? `${validation.top1.toFixed(2)} %` : 'not measured'],
    ['best top-1', `${position.bestTop1.toFixed(2)} %`],
    ['epochs, steps', `${position.epoch}, ${position.step}`],
    ['batch', String(optimizer.batch_size)],
    ['training images', String(data.trainImages)],
    ['time', formatDuration(seconds)],
    ['machine', `${versions.cpu}, ${versions.cores} cores`],
  ];
}
