// @ts-check
// The baseline of the predict benchmark: the loader and the network alone, without names, probabilities and
// files. Prints images per second.
//   node predict-child.mjs CHECKPOINT FOLDER BATCH WORKERS
import { readDescription } from '@inplace-abn/checkpoint';
import { cpu } from '@inplace-abn/core';
import { createLoader, evalTransform, imagesBelow, sequentialSampler } from '@inplace-abn/data';
import { Classifier, configIn, loadWeights, taskOf } from '@inplace-abn/recipes';

const [checkpoint = '', folder = '', batch, workers] = process.argv.slice(2);
const config = configIn(await readDescription(checkpoint), checkpoint);
if (!config) throw new Error(`${checkpoint} does not say which network it is of`);
const task = taskOf(config);
const network = task.network();
const weights = await loadWeights({ ...task, network, config: config.network }, checkpoint);
const { crop_val: crop, scale_val: scale, mean, std } = config.input;
const batchSize = Number(batch);
const classifier = new Classifier({
  device: cpu(),
  network,
  precision: config.network.precision,
  crop,
  crops: 1,
  batches: [batchSize],
});
await classifier.fill(weights.tensors);
const files = await imagesBelow(folder);
const loader = createLoader({
  folder: { length: files.length, path: (i) => files[i] ?? '', label: () => -1 },
  transform: evalTransform({ crop, scale, mean, std }),
  sampler: sequentialSampler(files.length),
  batchSize,
  workers: Number(workers),
});
const start = performance.now();
for await (const { images, color, release } of loader.epoch(0)) {
  await classifier.logits({ images, color, size: batchSize });
  release();
}
process.stdout.write(`${(1000 * files.length) / (performance.now() - start)}\n`);
