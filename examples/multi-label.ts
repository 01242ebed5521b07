// Several labels an image: binary cross entropy for each.  npm run example -- multi-label [STEPS]
import { Conv2d, GlobalAvgPool2d, InPlaceABN, Linear, Sequential } from '@inplace-abn/nn';
import { adam } from '@inplace-abn/optim';
import { bceWithLogits, Session } from '@inplace-abn/session';

const steps = Number(process.argv[2] ?? 200);
const net = new Sequential({
  conv: new Conv2d(3, 16, 3, { padding: 1, bias: false }),
  bn: new InPlaceABN(16),
  pool: new GlobalAvgPool2d(),
  fc: new Linear(16, 3),
});
const session = new Session(net, {
  input: { shape: [3, 8, 8] },
  loss: bceWithLogits({ positiveWeight: 1.5 }),
  optimizer: adam({ learningRate: 0.02 }),
});

/** Noise with more or less of each color; label k says whether there is more of color k. */
function draw(count: number) {
  const labels = Float32Array.from({ length: count * 3 }, () => Math.round(Math.random()));
  const pixel = (i: number) => (labels[Math.floor(i / 192) * 3 + (i % 3)] ?? 0) + Math.random() - 1;
  return { images: Float32Array.from({ length: count * 192 }, (_, i) => pixel(i)), labels };
}

for (let step = 1; step <= steps; step++) {
  const { images, labels } = draw(32);
  const { loss } = await session.train(images, labels);
  if (step % 50 === 0 || step === steps) console.log(`step ${step}: loss ${loss.toFixed(4)}`);
}
const { images, labels } = draw(1);
const logits = await session.predict(images);
console.log(
  'labels',
  [...labels],
  'probabilities',
  [...logits.data].map((x) => (1 / (1 + Math.exp(-x))).toFixed(2)),
);
