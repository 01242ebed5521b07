// A ResNet-18 whose body stays as it is: what that saves, and a step.  npm run example -- fine-tuning [SIDE]
import { createNetwork } from '@inplace-abn/models';
import { InPlaceABN, type NormAct } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { crossEntropy, Session } from '@inplace-abn/session';

const side = Number(process.argv[2] ?? 224);
const normAct: NormAct = (channels, options) => new InPlaceABN(channels, options);

function session(freeze: string[]) {
  return new Session(createNetwork('resnet18', { normAct, classes: 5 }), {
    input: { shape: [3, side, side] },
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }),
    ...(freeze.length > 0 ? { freeze, frozenStatistics: freeze } : {}),
  });
}
console.log(`all of it:\n${session([]).plan({ train: 16 }).summary()}`);
const tuned = session(['mod1', 'mod2', 'mod3', 'mod4']);
console.log(`mod5 and the classifier:\n${tuned.plan({ train: 16 }).summary()}`);

// await tuned.load('resnet18.safetensors') brings weights; without them the body is random.
const images = Float32Array.from({ length: 4 * side * side * 3 }, (_, i) => Math.sin(i));
const labels = Int32Array.of(0, 1, 2, 3);
for (let step = 0; step < 3; step++)
  console.log(`loss ${(await tuned.train(images, labels)).loss.toFixed(3)}`);
