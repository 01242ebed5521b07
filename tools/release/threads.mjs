// Run with the packed packages: three threads of one process train, each with its own Session, to the same
// bits.
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { Conv2d, GlobalAvgPool2d, InPlaceABN, Linear, Sequential } from 'inplace-abn/nn';
import { sgd } from 'inplace-abn/optim';
import { crossEntropy, Session } from 'inplace-abn/session';

async function lossOfFiveSteps() {
  const net = new Sequential({
    conv: new Conv2d(1, 16, 3, { padding: 1, bias: false }),
    bn: new InPlaceABN(16),
    pool: new GlobalAvgPool2d(),
    fc: new Linear(16, 10),
  });
  const session = new Session(net, {
    input: { shape: [1, 28, 28] },
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.1 }),
  });
  const images = Float32Array.from({ length: 64 * 784 }, (_, i) => Math.sin(i));
  const labels = Int32Array.from({ length: 64 }, (_, i) => i % 10);
  for (let step = 1; step < 5; step++) await session.train(images, labels);
  return (await session.train(images, labels)).loss;
}

const inThread = () =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url));
    worker.on('message', resolve);
    worker.on('error', reject);
  });

if (isMainThread) {
  const losses = await Promise.all([lossOfFiveSteps(), inThread(), inThread()]);
  console.log(losses);
  if (new Set(losses).size !== 1) throw new Error(`threads disagree: ${losses}`);
} else parentPort?.postMessage(await lossOfFiveSteps());
