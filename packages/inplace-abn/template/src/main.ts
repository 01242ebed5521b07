import { accuracy, crossEntropy, Session } from 'inplace-abn';
import { sgd } from 'inplace-abn/optim';
import { batchOf, CLASSES, SIZE } from './data.js';
import { Network } from './network.js';

const session = new Session(new Network(CLASSES), {
  input: { shape: [1, SIZE, SIZE] },
  loss: crossEntropy(),
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
  metrics: { accuracy: accuracy() },
});
console.log(session.plan({ train: 32 }).summary());

await session.fit(
  Array.from({ length: 20 }, (_, i) => batchOf(32, i)),
  {
    epochs: 3,
    validation: [batchOf(64, 1000)],
    callbacks: [
      {
        onEpoch({ epoch, loss, validation }) {
          const right = ((validation?.metrics.accuracy ?? 0) * 100).toFixed(0);
          console.log(`epoch ${epoch + 1}: loss ${loss.toFixed(3)}, ${right} % right`);
        },
      },
    ],
  },
);
await session.save('net.safetensors');
console.log('saved net.safetensors');
