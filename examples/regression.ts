// A number for each sample, by a perceptron with a loss that outliers cannot pull.  npm run example -- regression [STEPS]
import { InPlaceABN, Linear, Sequential } from '@inplace-abn/nn';
import { adamw } from '@inplace-abn/optim';
import { huber, Session } from '@inplace-abn/session';

const steps = Number(process.argv[2] ?? 500);
const net = new Sequential({
  fc1: new Linear(2, 32),
  bn1: new InPlaceABN(32, { activation: 'elu' }),
  fc2: new Linear(32, 1),
});
const session = new Session(net, {
  input: { shape: [2] },
  loss: huber({ delta: 0.5 }),
  optimizer: adamw({ learningRate: 0.01 }),
});

/** y = sin(a)·b, now and then far off. */
function draw(count: number) {
  const x = Float32Array.from({ length: 2 * count }, () => 4 * Math.random() - 2);
  const y = Float32Array.from({ length: count }, (_, i) => {
    const right = Math.sin(x[2 * i] ?? 0) * (x[2 * i + 1] ?? 0);
    return Math.random() < 0.02 ? right + 10 : right;
  });
  return { x, y };
}

for (let step = 1; step <= steps; step++) {
  const { x, y } = draw(128);
  const { loss } = await session.train(x, y);
  if (step % 100 === 0 || step === steps) console.log(`step ${step}: loss ${loss.toFixed(4)}`);
}
const { data } = await session.predict(Float32Array.of(1, 2));
console.log(`sin(1)·2 is ${(2 * Math.sin(1)).toFixed(2)}, the network says ${data[0]?.toFixed(2)}`);
