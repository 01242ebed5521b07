// A network of your own: plan, train, save and run it.  npm run example -- quick-start
import { Conv2d, GlobalAvgPool2d, InPlaceABN, Linear, Sequential } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { crossEntropy, Session } from '@inplace-abn/session';

const net = new Sequential({
  conv: new Conv2d(1, 16, 3, { padding: 1, bias: false }),
  bn: new InPlaceABN(16),
  pool: new GlobalAvgPool2d(),
  fc: new Linear(16, 10),
});
const session = new Session(net, {
  input: { shape: [1, 28, 28] },
  loss: crossEntropy(),
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  memory: '2GB',
});
console.log(session.plan({ train: 64 }).summary()); // nothing is allocated yet

const images = new Float32Array(64 * 28 * 28).map(Math.random);
const labels = Int32Array.from({ length: 64 }, (_, i) => i % 10);
console.log(await session.train(images, labels));
await session.save('net.safetensors');
const scores = await session.predict(images.subarray(0, 28 * 28)); // any batch size
console.log(scores.shape);
