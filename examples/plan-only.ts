// How much memory a training step needs, before anything is allocated.  npm run example -- plan-only [ARCH] [SIDE] [MEMORY]
import { formatBytes } from '@inplace-abn/core';
import { createNetwork } from '@inplace-abn/models';
import { InPlaceABN, type NormAct } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { crossEntropy, Session } from '@inplace-abn/session';

const [arch = 'resnet50', side = '224', memory = '2GB'] = process.argv.slice(2);
const normAct: NormAct = (channels, options) => new InPlaceABN(channels, options);
const session = new Session(createNetwork(arch, { normAct, classes: 1000 }), {
  input: { shape: [3, +side, +side] },
  loss: crossEntropy(),
  optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
});

const plan = session.plan({ train: 16 });
console.log(plan.summary());
console.log(`ordinary batch norm: ${formatBytes(plan.ordinary().activations)}`);
for (const { path, bytes } of [...plan.layers].sort((a, b) => b.bytes - a.bytes).slice(0, 5)) {
  console.log(`  ${path} keeps ${formatBytes(bytes)}`);
}
console.log(`in ${memory}: batch ${session.largestBatch(memory)}`);
