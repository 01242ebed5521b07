// A network of your own on Fashion-MNIST, from typed arrays.  npm run example -- own-network [SAMPLES] [FOLDER]
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { Conv2d, GlobalAvgPool2d, InPlaceABN, Linear, Sequential } from '@inplace-abn/nn';
import { adam } from '@inplace-abn/optim';
import { accuracy, crossEntropy, Session } from '@inplace-abn/session';

const [samples = '6000', folder = '/usr/share/datasets/fashion-mnist'] = process.argv.slice(2);
const size = 784;
const read = (name: string) => gunzipSync(readFileSync(`${folder}/train-${name}-ubyte.gz`));
const bytes = read('images-idx3').subarray(16, 16 + +samples * size);
const pixels = Float32Array.from(bytes, (byte) => byte / 255 - 0.3);
const labels = Int32Array.from(read('labels-idx1').subarray(8, 8 + +samples));

const net = new Sequential({
  conv1: new Conv2d(1, 16, 3, { stride: 2, padding: 1, bias: false }),
  bn1: new InPlaceABN(16),
  conv2: new Conv2d(16, 32, 3, { padding: 1, bias: false }),
  bn2: new InPlaceABN(32),
  pool: new GlobalAvgPool2d(),
  fc: new Linear(32, 10),
});
const session = new Session(net, {
  input: { shape: [1, 28, 28] },
  loss: crossEntropy({ labelSmoothing: 0.05 }),
  metrics: { top1: accuracy() },
  optimizer: adam({ learningRate: 0.01 }),
});
console.log(session.plan({ train: 64 }).summary());
const batches = Array.from({ length: Math.floor(+samples / 64) }, (_, i) => ({
  x: pixels.subarray(i * 64 * size, (i + 1) * 64 * size),
  y: labels.subarray(i * 64, (i + 1) * 64),
}));
await session.fit(batches, {
  epochs: 3,
  callbacks: [{ onEpoch: ({ epoch, loss, metrics }) => console.log('epoch', epoch, loss, metrics.top1) }],
});
await session.save('own-network.safetensors');
