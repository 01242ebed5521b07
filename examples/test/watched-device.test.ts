/** The device of examples/training-page reports instructions, and changes no bit. */
import { cpu, type Device, type PreparedKernel } from '@inplace-abn/core';
import { Conv2d, GlobalAvgPool2d, InPlaceABN, Linear, Sequential } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { crossEntropy, Session } from '@inplace-abn/session';
import { expect, it } from 'vitest';
import { watched } from '../training-page/watched-device.js';

const [SIDE, CLASSES, BATCH, STEPS] = [8, 3, 4, 3];
const x = Float32Array.from({ length: BATCH * SIDE * SIDE }, (_, i) => Math.sin(i));
const y = Int32Array.from({ length: BATCH }, (_, i) => i % CLASSES);

function sessionOn(device: Device) {
  const net = new Sequential({
    conv: new Conv2d(1, 16, 3, { padding: 1, bias: false }),
    bn: new InPlaceABN(16),
    pool: new GlobalAvgPool2d(),
    fc: new Linear(16, CLASSES),
  });
  const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
  return new Session(net, { device, input: { shape: [1, SIDE, SIDE] }, loss: crossEntropy(), optimizer });
}

async function trainings(length: number) {
  const kernels: PreparedKernel[] = [];
  const heard: (number | null)[] = [];
  const device = watched(cpu(), {
    division: (loaded) => {
      return loaded.length === kernels.length && loaded.every((kernel, i) => kernel === kernels[i])
        ? length
        : null;
    },
    onInstruction: (index) => heard.push(index),
  });
  const [plain, observed] = [sessionOn(cpu()), sessionOn(device)];
  kernels.push(...observed.plan({ train: BATCH }).raw.instructions.map(({ kernel }) => kernel));
  for (let step = 0; step < STEPS; step++) {
    expect(await observed.train(x, y)).toEqual(await plain.train(x, y));
  }
  const trained = heard.splice(0);
  expect((await observed.evaluate(x, y)).loss).toBe((await plain.evaluate(x, y)).loss);
  expect(heard).toEqual([null]);
  return { count: kernels.length, trained };
}

it('runs training one instruction at a time with the same losses, and evaluation as a whole', async () => {
  const { count, trained } = await trainings(1);
  expect(trained).toEqual(Array.from({ length: STEPS }, () => [...Array(count).keys()]).flat());
});

it('divides every run at different instructions', async () => {
  const { count, trained } = await trainings(4);
  const cuts = (first: number) => [
    0,
    ...[...Array(count).keys()].filter((at) => at >= first && at % 4 === first % 4),
  ];
  expect(trained).toEqual([1, 2, 3].flatMap(cuts));
});
