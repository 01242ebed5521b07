// Images of your own in DIR/CLASS/, with a transform of your own.  npm run example -- own-data DIR [EPOCHS]
import { createLoader, ImageFolder, moduleTransform, shuffledSampler } from '@inplace-abn/data';
import { Conv2d, GlobalAvgPool2d, InPlaceABN, Linear, Sequential } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { accuracy, crossEntropy, Session } from '@inplace-abn/session';

const [directory = 'images', epochs = '2'] = process.argv.slice(2);
const side = 32;
const folder = await ImageFolder.open(directory);
const transform = await moduleTransform({
  module: new URL('./transforms/square.mjs', import.meta.url),
  options: { side },
});
const sampler = shuffledSampler(folder.length, 1);
const loader = createLoader({ folder, transform, sampler, seed: 1, batchSize: 16 });

const net = new Sequential({
  conv: new Conv2d(3, 16, 3, { stride: 2, padding: 1, bias: false }),
  bn: new InPlaceABN(16),
  pool: new GlobalAvgPool2d(),
  fc: new Linear(16, folder.classes.length),
});
const session = new Session(net, {
  input: { shape: [3, side, side] },
  loss: crossEntropy(),
  metrics: { top1: accuracy() },
  optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
});
for (let epoch = 0; epoch < +epochs; epoch++) {
  for await (const { images, labels, size, number, release } of loader.epoch(epoch)) {
    const pixels = Float32Array.from(images.subarray(0, size * side * side * 3), (byte) => byte / 128 - 1);
    const { loss, metrics } = await session.train(pixels, labels.slice(0, size));
    console.log(`epoch ${epoch}, batch ${number}: loss ${loss.toFixed(3)}, top-1 ${metrics.top1.toFixed(2)}`);
    release();
  }
}
