/**
 * One training step of small user-defined networks, compared with PyTorch's loss and gradients in float64.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeSafetensors } from '@inplace-abn/checkpoint';
import {
  activation,
  add,
  avgPool,
  concat,
  flatten,
  globalAvgPool,
  maxPool,
  mul,
  relu,
  sigmoid,
  silu,
  tanh,
  type Value,
} from '@inplace-abn/core';
import { type AnyModule, Conv2d, ConvTranspose2d, InPlaceABN, Linear, Module } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { elements, type HostTensor, type Shape } from '@inplace-abn/tensor';
import { expect, it, onTestFinished } from 'vitest';
import { readJson } from '../../core/test/support/fixtures.js';
import { integers, normal, parameter } from '../../core/test/support/prng.js';
import { crossEntropy, Session } from '../src/index.js';

const BATCH = 4;
const optimizer = sgd({ learningRate: 1 });

class LeNet extends Module {
  readonly conv1 = new Conv2d(1, 6, 5, { padding: 2 });
  readonly conv2 = new Conv2d(6, 16, 5);
  readonly fc1 = new Linear(400, 120);
  readonly fc2 = new Linear(120, 84);
  readonly fc3 = new Linear(84, 10);
  protected forward(x: Value): Value {
    const first = avgPool(tanh(this.conv1.call(x)), 2, { stride: 2 });
    const second = avgPool(tanh(this.conv2.call(first)), 2, { stride: 2 });
    return this.fc3.call(tanh(this.fc2.call(tanh(this.fc1.call(flatten(second))))));
  }
}

class UNet extends Module {
  readonly down1 = new Conv2d(2, 8, 3, { padding: 1, bias: false });
  readonly bn1 = new InPlaceABN(8);
  readonly down2 = new Conv2d(8, 16, 3, { padding: 1, bias: false });
  readonly bn2 = new InPlaceABN(16);
  readonly up = new ConvTranspose2d(16, 8, 2, { stride: 2, bias: false });
  readonly join = new Conv2d(16, 8, 3, { padding: 1, bias: false });
  readonly bn3 = new InPlaceABN(8);
  readonly out = new Conv2d(8, 3, 1);
  protected forward(x: Value): Value {
    const skip = this.bn1.call(this.down1.call(x));
    const low = this.bn2.call(this.down2.call(maxPool(skip, 2, { stride: 2 })));
    return this.out.call(this.bn3.call(this.join.call(concat([skip, this.up.call(low)]))));
  }
}

class SENet extends Module {
  readonly stem = new Conv2d(3, 8, 3, { padding: 1, bias: false });
  readonly bn1 = new InPlaceABN(8);
  readonly conv1 = new Conv2d(8, 8, 3, { padding: 1, bias: false });
  readonly bn2 = new InPlaceABN(8);
  readonly conv2 = new Conv2d(8, 8, 3, { padding: 1, bias: false });
  readonly bn3 = new InPlaceABN(8, { activation: 'identity' });
  readonly squeeze = new Linear(8, 4);
  readonly excite = new Linear(4, 8);
  readonly fc = new Linear(8, 5);
  protected forward(x: Value): Value {
    const stem = this.bn1.call(this.stem.call(x));
    const h = this.bn3.call(this.conv2.call(this.bn2.call(this.conv1.call(stem))));
    const gate = sigmoid(this.excite.call(relu(this.squeeze.call(globalAvgPool(h)))));
    const sum = activation(add(stem, mul(h, gate)), { activation: 'leaky_relu', slope: 0.01 });
    return this.fc.call(globalAvgPool(sum));
  }
}

class Mlp extends Module {
  readonly fc1 = new Linear(12, 32);
  readonly fc2 = new Linear(32, 16);
  readonly fc3 = new Linear(16, 4);
  protected forward(x: Value): Value {
    return this.fc3.call(silu(this.fc2.call(relu(this.fc1.call(x)))));
  }
}

type Senses = { readonly image: Value; readonly text: Value };

class TwoInputs extends Module<Senses> {
  readonly eye = new Conv2d(1, 6, 3, { padding: 1 });
  readonly ear = new Linear(7, 5);
  readonly fc = new Linear(11, 3);
  protected forward({ image, text }: Senses): Value {
    const seen = activation(this.eye.call(image), { activation: 'leaky_relu', slope: 0.1 });
    return this.fc.call(concat([globalAvgPool(seen), tanh(this.ear.call(text))]));
  }
}

interface Expected {
  readonly loss: number;
  /** By parameter: the norm, and inner products with two random tensors. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

const expected = readJson<Record<string, Expected>>(new URL('fixtures/networks.json', import.meta.url));

/** A random batch, channels-last. */
function drawn(name: string, shape: Shape): Float32Array {
  const data = normal(name, [BATCH, ...shape]);
  const [channels = 1, ...space] = shape;
  const pixels = elements(space);
  return data.map((_, i) => {
    const [image, pixel, channel] = [
      Math.floor(i / (channels * pixels)),
      Math.floor(i / channels) % pixels,
      i % channels,
    ];
    return data[(image * channels + channel) * pixels + pixel] ?? 0;
  });
}

const numbersOf = (tensor: HostTensor | undefined) =>
  Array.from<number | bigint, number>(tensor?.data ?? [], Number);

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);

/** Loads random weights, takes a step at learning rate 1, and compares the update with the gradients. */
async function check(
  name: string,
  session: Pick<Session, 'load' | 'state'> & { readonly module: AnyModule },
  train: () => Promise<{ readonly loss: number }>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'session-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'weights.safetensors');
  const start = session.state;
  for (const { name: key, kind, shape } of session.module.namedStates()) {
    if (kind !== 'parameter') continue;
    start.set(key, { dtype: 'float32', shape, data: parameter(`${name}.${key}`, shape) });
  }
  await writeSafetensors(path, start);
  // Some scales are negative.
  await session.load(path, { trainedWith: 'inplace' });
  const { loss } = await train();
  const { loss: theirs, gradients = {} } = expected[name] ?? { loss: Number.NaN };
  expect(Math.abs(loss - theirs)).toBeLessThan(1e-5 * theirs);
  const after = session.state;
  const trained = session.module.namedStates().filter(({ kind }) => kind === 'parameter');
  expect(trained.map((state) => state.name).sort()).toEqual(Object.keys(gradients).sort());
  for (const { name: key, shape } of trained) {
    const [before, now] = [numbersOf(start.get(key)), numbersOf(after.get(key))];
    const gradient = before.map((value, i) => value - (now[i] ?? Number.NaN));
    const [norm = 0, ...products] = gradients[key] ?? [];
    const probes = products.map((_, i) => normal(`${name}:probe${i}:${key}`, shape));
    const scale = Math.max(norm, 1e-2);
    expect(Math.abs(Math.sqrt(dot(gradient, gradient)) - norm) / scale, key).toBeLessThan(1e-4);
    for (const [i, product] of products.entries()) {
      const probe = probes[i] ?? [];
      // Relative to the largest possible inner product.
      const bound = scale * Math.sqrt(dot(probe, probe));
      expect(Math.abs(dot(gradient, probe) - product) / bound, `${key}, product ${i}`).toBeLessThan(1e-4);
    }
  }
}

it.each<[name: string, module: Module, shape: Shape, classes: number, positions: Shape]>([
  ['lenet', new LeNet(), [1, 28, 28], 10, []],
  ['unet', new UNet(), [2, 8, 8], 3, [8, 8]],
  ['senet', new SENet(), [3, 8, 8], 5, []],
  ['mlp', new Mlp(), [12], 4, []],
])('%s has the gradients of PyTorch', async (name, module, shape, classes, positions) => {
  const session = new Session(module, { input: { shape }, loss: crossEntropy(), optimizer });
  const labels = integers(`${name}:labels`, [BATCH, ...positions], classes);
  await check(name, session, () => session.train(drawn(`${name}:input`, shape), labels));
});

it('a network with two inputs has the gradients of PyTorch', async () => {
  const shapes = { image: [1, 6, 6], text: [7] };
  const session = new Session(new TwoInputs(), {
    input: { image: { shape: shapes.image }, text: { shape: shapes.text } },
    loss: crossEntropy(),
    optimizer,
  });
  const x = {
    image: drawn('two_inputs:image', shapes.image),
    text: drawn('two_inputs:text', shapes.text),
  };
  const labels = integers('two_inputs:labels', [BATCH], 3);
  await check('two_inputs', session, () => session.train(x, labels));
});
