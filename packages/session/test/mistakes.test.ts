/** Mistakes of a caller: each throws one sentence with a code at the line of the mistake. */
import { add, cpu, type Value } from '@inplace-abn/core';
import { Conv2d, Dropout, GlobalAvgPool2d, Linear, Module, Sequential } from '@inplace-abn/nn';
import { adam, sgd } from '@inplace-abn/optim';
import { it } from 'vitest';
import { crossEntropy, Session, type SessionOptions } from '../src/index.js';
import { expectMistake, type Mistake, untyped } from './support/mistakes.js';
import { batchOf, CLASSES, SIDE, session } from './support/stripes.js';

const { x, y } = batchOf(4);
const input = { shape: [1, SIDE, SIDE] };
const withNaN = x.map((value, i) => (i === 150 ? Number.NaN : value));
/** A session with a user-defined loss function. */
const own = (module: Module, loss: (output: Value, target: Value) => Value) =>
  new Session(module, {
    input,
    loss,
    target: { shape: [], dtype: 'int32' },
    optimizer: sgd({ learningRate: 0.1 }),
  });
const scores = () => new Sequential({ pool: new GlobalAvgPool2d(), fc: new Linear(1, CLASSES) });

/** A module class from another copy of the package, as it looks to this one. */
class OfAnotherVersion {
  static readonly version = '0.0.9';
  readonly call = () => {};
  readonly namedStates = () => [];
}

const MISTAKES: readonly Mistake[] = [
  [
    'an invalid shape',
    'ERR_SHAPE',
    /sizes of one sample, such as \[3, 224, 224\], but received \[0,3\]/,
    () => session({ input: { shape: [0, 3] } }),
  ],
  [
    'prices in another form',
    'ERR_PRICE_LIST',
    /^Session: prices is not a price list of this version: its format is not /,
    () => session({ prices: untyped({ conv2d: 1 }) }),
  ],
  [
    'a network of another version',
    'ERR_OTHER_VERSION',
    /^Session of version \d\S+ was given a network of version 0\.0\.9: import both from one package/,
    () => new Session(untyped<Module>(new OfAnotherVersion()), { input }),
  ],
  [
    'a missing input shape',
    'ERR_SHAPE',
    /expected input.shape to hold the sizes of one sample/,
    () => new Session(scores(), untyped<SessionOptions>({})),
  ],
  [
    'a target for a loss that has its own',
    'ERR_OPTION_VALUE',
    /^Session: only a loss that is a function takes target; .* leave target out$/,
    () => new Session(scores(), { input, loss: crossEntropy(), target: { shape: [], dtype: 'int32' } }),
  ],
  [
    'a target with an invalid shape',
    'ERR_SHAPE',
    /expected target.shape to hold the sizes of one sample/,
    () => new Session(scores(), untyped<SessionOptions>({ input, loss: add, target: { shape: 3 } })),
  ],
  [
    'part of a sample',
    'ERR_SHAPE',
    /^predict: input: expected whole samples of 1×12×12 \(144 elements each\) but received 100 elements/,
    () => session().predict(x.subarray(0, 100)),
  ],
  [
    'too few targets',
    'ERR_SHAPE',
    /^train: target: expected int32\[4\] for a batch of 4 but received 3 elements/,
    () => session().train(x, y.subarray(0, 3)),
  ],
  [
    'a shape that an op cannot take',
    'ERR_SHAPE',
    /^conv: conv2d: expected .*channels/,
    () => session({ input: { shape: [3, SIDE, SIDE] } }).plan({ train: 2 }),
  ],
  [
    'inputs of another dtype',
    'ERR_DTYPE',
    /^predict: input: expected Float32Array \(float32\) but received Uint8Array: convert it/,
    () => session().predict(new Uint8Array(144)),
  ],
  [
    'inputs in a list',
    'ERR_DTYPE',
    /expected Float32Array \(float32\) but received 0,0/,
    () => session().predict(untyped<Float32Array>([0, 0])),
  ],
  [
    'targets of another dtype',
    'ERR_DTYPE',
    /^evaluate: target: expected Int32Array \(int32\) but received Float32Array/,
    () => session().evaluate(x, Float32Array.from(y)),
  ],
  [
    'labels out of range',
    'ERR_LABEL',
    /label 3 at index 1 is outside the 3 classes/,
    () => session().train(x, Int32Array.of(0, CLASSES, 1, 2)),
  ],
  [
    'a forgotten target',
    'ERR_NO_TARGET',
    /^train needs the targets of its 4 samples: train\(x, y\)/,
    () => session().train(x, untyped<Int32Array>(undefined)),
  ],
  [
    'an empty batch',
    'ERR_EMPTY_BATCH',
    /^train: input: the batch is empty/,
    () => session().train(new Float32Array(), new Int32Array()),
  ],
  [
    'a plan for zero samples',
    'ERR_EMPTY_BATCH',
    /at least one sample but received 0/,
    () => session().plan({ train: 0 }),
  ],
  [
    'an input in training that is not finite',
    'ERR_NOT_FINITE_INPUT',
    /^train: sample 1 of input holds NaN: every input must be finite/,
    () => session().train(withNaN, y),
  ],
  [
    'an input in prediction that is not finite',
    'ERR_NOT_FINITE_INPUT',
    /^predict: sample 1 of input holds NaN/,
    () => session().predict(withNaN),
  ],
  [
    'an input in evaluation that is not finite',
    'ERR_NOT_FINITE_INPUT',
    /^evaluate: sample 1 of input holds NaN/,
    () => session().evaluate(withNaN, y),
  ],
  [
    'an option that Session does not have',
    'ERR_UNKNOWN_OPTION',
    /^Session has no option momentum; it has input, /,
    () => session(untyped<Partial<SessionOptions>>({ momentum: 0.9 })),
  ],
  [
    'an option that sgd does not have',
    'ERR_UNKNOWN_OPTION',
    /^sgd has no option lr; it has learningRate, /,
    () => sgd(untyped<Parameters<typeof sgd>[0]>({ lr: 0.1 })),
  ],
  [
    'an option that adam does not have',
    'ERR_UNKNOWN_OPTION',
    /^adam has no option momentum/,
    () => adam(untyped<Parameters<typeof adam>[0]>({ learningRate: 0.1, momentum: 0.9 })),
  ],
  [
    'an option that train does not have',
    'ERR_UNKNOWN_OPTION',
    /^train has no option lr; it has rate/,
    () => session().train(x, y, untyped<{ rate: number }>({ lr: 1 })),
  ],
  [
    'an option that fit does not have',
    'ERR_UNKNOWN_OPTION',
    /^fit has no option epoch; it has epochs, /,
    () => session().fit([{ x, y }], untyped<{ epochs: number }>({ epoch: 3 })),
  ],
  [
    'training without an optimizer',
    'ERR_MISSING_OPTION',
    /^train needs a Session with the option optimizer/,
    () => session({ optimizer: undefined }).train(x, y),
  ],
  [
    'memory below the weights',
    'ERR_MEMORY',
    /does not hold the weights/,
    () => session({ memory: 100 }).plan({ train: 1 }),
  ],
  [
    'a machine with less memory than the plan needs',
    'ERR_MEMORY',
    /^the plan for train, batch 4 needs .* but only 100 B .*: choose a smaller batch, or set the option memory/,
    () => session({ device: Object.create(cpu(), { availableBytes: { value: () => 100 } }) }).train(x, y),
  ],
  [
    'a module that forward does not call',
    'ERR_UNUSED_PARAMETER',
    /^the loss does not depend on parameter spare\.weight: /,
    () => {
      class Spare extends Sequential {
        readonly spare = new Linear(2, 2);
      }
      const net = new Spare({ pool: new GlobalAvgPool2d(), fc: new Linear(1, CLASSES) });
      return own(net, crossEntropy().compute).plan({ train: 2 });
    },
  ],
  [
    'a loss that leaves a parameter out',
    'ERR_UNUSED_PARAMETER',
    /^the loss does not depend on parameter second\.weight/,
    () => {
      class TwoHeads extends Module {
        readonly pool = new GlobalAvgPool2d();
        readonly first = new Linear(1, CLASSES);
        readonly second = new Linear(1, CLASSES);
        protected forward(image: Value): Value {
          const features = this.pool.call(image);
          this.second.call(features);
          return this.first.call(features);
        }
      }
      return own(new TwoHeads(), crossEntropy().compute).plan({ train: 2 });
    },
  ],
  [
    'a value of another trace',
    'ERR_OTHER_TRACE',
    /^loss: %\d+.* belongs to another trace/,
    () => {
      let kept: Value | null = null;
      const net = own(scores(), (output, target) => {
        kept ??= output;
        return crossEntropy().compute(add(output, kept), target);
      });
      net.plan({ train: 2 });
      return net.plan({ train: 3 });
    },
  ],
  [
    'one module under two names',
    'ERR_NAME_TAKEN',
    /^the module at second is the one at first: hold it once/,
    () => {
      const shared = new Conv2d(1, 1, 1);
      return new Session(new Sequential({ first: shared, second: shared }), { input });
    },
  ],
  [
    'two modules under one name',
    'ERR_NAME_TAKEN',
    /^two modules have a state named a\.b\.weight/,
    () => {
      const net = new Sequential({
        'a.b': new Conv2d(1, 1, 1),
        a: new Sequential({ b: new Conv2d(1, 1, 1) }),
      });
      return new Session(net, { input });
    },
  ],
  [
    'a module that is not held',
    'ERR_NOT_HELD',
    /calls a Linear that none of its properties holds/,
    () => {
      class Loose extends Module {
        protected forward(image: Value): Value {
          return new Linear(1, 2).call(image);
        }
      }
      return new Session(new Loose(), { input }).plan({ predict: 1 });
    },
  ],
  [
    'a module that only the loss uses',
    'ERR_NOT_HELD',
    /^the loss uses parameter loss\.weight, which the network does not hold/,
    () => {
      const head = new Linear(CLASSES, CLASSES);
      return own(scores(), (output, target) => crossEntropy().compute(head.call(output), target)).plan({
        train: 2,
      });
    },
  ],
  [
    'a loss that is not a scalar',
    'ERR_LOSS',
    /^the loss is %\d+:float32\[2,3\]: return a float32 scalar/,
    () => own(scores(), (output) => output).plan({ train: 2 }),
  ],
  [
    'nothing to train',
    'ERR_NOTHING_TO_TRAIN',
    /^there is no parameter to train/,
    () => session({ freeze: () => true }).plan({ train: 2 }),
  ],
  [
    'a path that names no parameter',
    'ERR_NO_MATCH',
    /^freeze: nothing is named mod9; names begin with conv, bn, fc/,
    () => session({ freeze: ['mod9'] }),
  ],
  [
    'a path that names no layer',
    'ERR_NO_MATCH',
    /^features: the network calls no layer at pol; it calls conv, bn, pool, fc/,
    () => session().features(x, ['pol']),
  ],
  [
    'a path that names no layer of many',
    'ERR_NO_MATCH',
    /it calls body, body\.0, (body\.\d+, ){9}body\.10 and 9 more$/,
    () => {
      const layers = Array.from({ length: 20 }, (_, index) => [index, new Dropout(0.5)]);
      const body = new Sequential({ body: new Sequential(Object.fromEntries(layers)) });
      return new Session(body, { input }).features(x, ['pol']);
    },
  ],
];

it.each(MISTAKES)('%s', (_, code, message, body) =>
  expectMistake(body, { code, message, file: 'mistakes.test.ts' }),
);
