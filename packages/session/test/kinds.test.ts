/**
 * Mistakes that TypeScript refuses. In JavaScript, each throws one sentence with a code at the line of the
 * mistake.
 */
import { type Graph, gradients, trace, type Value } from '@inplace-abn/core';
import { Conv2d, GlobalAvgPool2d, Linear, Module, Sequential } from '@inplace-abn/nn';
import { adam, adamw, createSchedule, lamb, type ScheduleOptions, sgd } from '@inplace-abn/optim';
import { it } from 'vitest';
import {
  accuracy,
  crossEntropy,
  type LayerDecay,
  type Metric,
  Session,
  type SessionOptions,
} from '../src/index.js';
import { expectMistake, type Mistake, untyped } from './support/mistakes.js';
import { batchOf, CLASSES, SIDE, session } from './support/stripes.js';

const { x, y } = batchOf(4);
const input = { shape: [1, SIDE, SIDE] };
const scores = () => new Sequential({ pool: new GlobalAvgPool2d(), fc: new Linear(1, CLASSES) });

const MISTAKES: readonly Mistake[] = [
  [
    'missing options',
    'ERR_OPTION_VALUE',
    /^Session: expected an object of options, such as \{ input, target \}, but received undefined/,
    () => new Session(scores(), untyped<SessionOptions>(undefined)),
  ],
  [
    'a network that is not a module',
    'ERR_OPTION_VALUE',
    /^Session: expected a network, .* but received the function Sequential/,
    () => new Session(untyped<Module>(Sequential), { input }),
  ],
  [
    'a loss that is a name',
    'ERR_OPTION_VALUE',
    /^Session: expected a loss such as crossEntropy\(\), .* but received 'cross_entropy'/,
    () => session({ loss: untyped<undefined>('cross_entropy') }),
  ],
  [
    'an optimizer that is not called',
    'ERR_OPTION_VALUE',
    /^Session: expected an optimizer, .* but received the function sgd/,
    () => session({ optimizer: untyped<undefined>(sgd) }),
  ],
  [
    'a loss that is not called',
    'ERR_OPTION_VALUE',
    /^crossEntropy: expected an object of options, .* but received an object of Value/,
    () => session({ loss: untyped<undefined>(crossEntropy) }).train(x, y),
  ],
  [
    'a metric that is not called',
    'ERR_LOSS',
    /^metrics\.top1 returned the function .*: return a scalar value/,
    () => session({ metrics: { top1: untyped<Metric>(accuracy) } }).train(x, y),
  ],
  [
    'betas of 1',
    'ERR_OPTION_VALUE',
    /^adamw: expected betas to be two numbers from 0 to below 1 but received \[0\.9, 1\]/,
    () => adamw({ learningRate: 0.1, betas: [0.9, 1] }),
  ],
  [
    'one beta',
    'ERR_OPTION_VALUE',
    /^lamb: expected betas .* but received 0\.9/,
    () => lamb({ learningRate: 0.1, betas: untyped<[number, number]>(0.9) }),
  ],
  [
    'initial states in a list',
    'ERR_OPTION_VALUE',
    /^Session: expected initial to be a function .* but received an array/,
    () => session({ initial: untyped<undefined>([]) }),
  ],
  [
    'a memory budget that cannot be parsed',
    'ERR_OPTION_VALUE',
    /^largestBatch: expected memory in bytes, .* but received 'lots'/,
    () => session().largestBatch('lots'),
  ],
  [
    'buckets of no bytes',
    'ERR_OPTION_VALUE',
    /^Session: expected bucketSize in bytes, .* but received 0/,
    () => session({ bucketSize: 0 }),
  ],
  [
    'a batch size given as text',
    'ERR_EMPTY_BATCH',
    /^plan: expected a batch of at least one sample but received '4'/,
    () => session().plan({ train: untyped<number>('4') }),
  ],
  [
    'an empty object of inputs',
    'ERR_INPUT_NAME',
    /^predict: expected input but received none/,
    () => session().predict(untyped<Float32Array>({})),
  ],
  [
    'a step without a name',
    'ERR_OPTION_VALUE',
    /^step: expected a name but received undefined/,
    () => session().step(untyped<string>(undefined), () => trace(() => ({}))),
  ],
  [
    'a step without a graph',
    'ERR_OPTION_VALUE',
    /^step: expected a function that returns a graph, .* but received undefined/,
    () => session().step('own', untyped<() => Graph>(undefined)),
  ],
  [
    'nothing to reserve for',
    'ERR_OPTION_VALUE',
    /^reserve: expected an array of plans but received undefined/,
    () => session().reserve(untyped<[]>(undefined)),
  ],
  [
    'nothing to trace',
    'ERR_USAGE',
    /^trace: expected a function that returns values by name but received undefined/,
    () => trace(untyped<() => Record<string, Value>>(undefined)),
  ],
  [
    'a trace of nothing',
    'ERR_USAGE',
    /^trace: expected the function to return values by name, such as \{ loss \}, but received undefined/,
    () => trace(untyped<() => Record<string, Value>>(() => undefined)),
  ],
  [
    'gradients of nothing',
    'ERR_USAGE',
    /^gradients: expected a value and an array of values but received undefined and undefined/,
    () => gradients(untyped<Value>(undefined), untyped<Value[]>(undefined)),
  ],
  [
    'a schedule of an unknown type',
    'ERR_OPTION_VALUE',
    /^createSchedule: expected type to be one of constant, .* but received 'cosin'/,
    () => createSchedule(untyped<ScheduleOptions>({ type: 'cosin' })),
  ],
  [
    'a schedule without a required option',
    'ERR_OPTION_VALUE',
    /^createSchedule: expected stepSize of step to be a number above 0 but received undefined/,
    () => createSchedule(untyped<ScheduleOptions>({ type: 'step' })),
  ],
  [
    'a schedule with an option of PyTorch',
    'ERR_UNKNOWN_OPTION',
    /^createSchedule: step has no option step_size; it has type, stepSize, gamma/,
    () => createSchedule(untyped<ScheduleOptions>({ type: 'step', step_size: 30 })),
  ],
  [
    'missing schedule options',
    'ERR_OPTION_VALUE',
    /^createSchedule: expected an object of options, .* but received undefined/,
    () => createSchedule(untyped<ScheduleOptions>(undefined)),
  ],
  [
    'a device that is a name',
    'ERR_OPTION_VALUE',
    /^Session: expected a device, such as cpu\(\), but received 'cpu'/,
    () => session({ device: untyped<undefined>('cpu') }),
  ],
  [
    'an unknown precision',
    'ERR_OPTION_VALUE',
    /^Session: expected a precision of float32, bfloat16 or float16 but received 'bf16'/,
    () => session({ precision: untyped<'float32'>('bf16') }),
  ],
  [
    'an unknown dtype',
    'ERR_OPTION_VALUE',
    /^Session: expected input\.dtype to be one of float32, .* but received 'float'/,
    () => session({ input: { ...input, dtype: untyped<'float32'>('float') } }),
  ],
  [
    'metrics in a list',
    'ERR_OPTION_VALUE',
    /^Session: expected metrics by name, .* but received an array/,
    () => session({ metrics: untyped<Record<string, never>>([]) }),
  ],
  [
    'a metric that is not a scalar',
    'ERR_LOSS',
    /^metrics\.all returned %\d+:float32\[2,3\]: return a scalar value/,
    () => session({ metrics: { all: (output) => output } }).plan({ train: 2 }),
  ],
  [
    'a selection that is a name',
    'ERR_OPTION_VALUE',
    /^Session: expected freeze to be an array of paths, .* but received 'conv'/,
    () => session({ freeze: untyped<string[]>('conv') }),
  ],
  [
    'an option that groups do not have',
    'ERR_UNKNOWN_OPTION',
    /^Session: groups\[0\] has no option lr; it has parameters, learningRate, weightDecay/,
    () => session({ groups: [untyped<{ parameters: string[] }>({ parameters: ['fc'], lr: 1 })] }),
  ],
  [
    'a layer decay that raises rates',
    'ERR_OPTION_VALUE',
    /^Session: expected layerDecay as a factor above 0 and at most 1, such as 0\.75, but received 2$/,
    () => session({ layerDecay: 2 }),
  ],
  [
    'a layer decay without layers',
    'ERR_OPTION_VALUE',
    /^Session: expected layerDecay\.layers from the input on, such as .* but received undefined/,
    () => session({ layerDecay: untyped<LayerDecay>({ factor: 0.5 }) }),
  ],
  [
    'layer decay for a network without blocks',
    'ERR_NO_MATCH',
    /^layerDecay: the network has no blocks.*: name its modules block1, block2, .*, or list the network's layers, as in \{ factor: 0\.75, layers: /,
    () => session({ layerDecay: 0.75 }),
  ],
  [
    'layer decay over layers that do not exist',
    'ERR_NO_MATCH',
    /^layerDecay\.layers\[1\]: nothing is named body; names begin with conv, bn, fc$/,
    () => session({ layerDecay: { factor: 0.5, layers: [['conv'], ['body']] } }),
  ],
  [
    'a seed that is not a number',
    'ERR_OPTION_VALUE',
    /^Session: expected an integer as seed but received NaN/,
    () => session({ seed: Number.NaN }),
  ],
  [
    'a learning rate that is not a number',
    'ERR_OPTION_VALUE',
    /^sgd: expected learningRate to be a non-negative number but received NaN/,
    () => sgd({ learningRate: Number.NaN }),
  ],
  [
    'a forgotten learning rate',
    'ERR_OPTION_VALUE',
    /^adam: expected learningRate to be a non-negative number but received NaN/,
    () => adam(untyped<{ learningRate: number }>({})),
  ],
  [
    'a rate that is not a number',
    'ERR_OPTION_VALUE',
    /^train: expected rate to be a non-negative number but received NaN/,
    () => session().train(x, y, { rate: Number.NaN }),
  ],
  [
    'forgotten samples',
    'ERR_DTYPE',
    /^train: input: expected Float32Array \(float32\) but received undefined/,
    () => session().train(untyped<Float32Array>(undefined), y),
  ],
  [
    'forgotten batches',
    'ERR_OPTION_VALUE',
    /^fit: expected an array of batches \{ x, y \}, .* but received undefined/,
    () => session().fit(untyped<[]>(undefined)),
  ],
  [
    'batches with other names',
    'ERR_INPUT_NAME',
    /^fit: expected batches \{ x, y \} but received \{ images, labels \}/,
    () => session().fit(untyped<[]>([{ images: x, labels: y }])),
  ],
  [
    'validation batches in tuples',
    'ERR_INPUT_NAME',
    /^fit: validation: expected batches \{ x, y \} but received an array/,
    () => session().fit([{ x, y }], { validation: untyped<[]>([[x, y]]) }),
  ],
  [
    'epochs that are not a number',
    'ERR_OPTION_VALUE',
    /^fit: expected a number of epochs but received NaN/,
    () => session().fit([{ x, y }], { epochs: Number.NaN }),
  ],
  [
    'a callback without a hook',
    'ERR_OPTION_VALUE',
    /^fit: expected callbacks\[0\] to have one of onEpochStart, .* but received \{ onStepEnd \}/,
    () => session().fit([{ x, y }], { callbacks: [untyped<object>({ onStepEnd: () => {} })] }),
  ],
  [
    'an AbortController instead of its signal',
    'ERR_OPTION_VALUE',
    /^fit: expected the signal of an AbortController but received an object of AbortController/,
    () => session().fit([{ x, y }], { signal: untyped<AbortSignal>(new AbortController()) }),
  ],
  [
    'a layer path instead of a list',
    'ERR_OPTION_VALUE',
    /^features: expected an array of layers' paths, such as \['fc'\], but received 'fc'/,
    () => session().features(x, untyped<readonly string[]>('fc')),
  ],
  [
    'a forgotten memory budget',
    'ERR_OPTION_VALUE',
    /^largestBatch: expected bytes, such as '1.5GiB', but received undefined/,
    () => session().largestBatch(untyped<number>(undefined)),
  ],
  [
    'weights saved without a path',
    'ERR_OPTION_VALUE',
    /^save: expected the path of a file but received undefined/,
    () => session().save(untyped<string>(undefined)),
  ],
  [
    'a state loaded without a path',
    'ERR_OPTION_VALUE',
    /^loadState: expected the path of a file but received undefined/,
    () => session().loadState(untyped<string>(undefined)),
  ],
  [
    'an option that a layer does not have',
    'ERR_UNKNOWN_OPTION',
    /^Conv2d has no option pad; it has stride, padding, /,
    () => new Conv2d(1, 4, 3, untyped<{ padding: number }>({ pad: 1 })),
  ],
  [
    'a layer without a size',
    'ERR_SHAPE',
    /^Conv2d: expected kernel to be a positive integer but received undefined/,
    () => new Conv2d(1, 4, untyped<number>(undefined)),
  ],
  [
    'layers that are not in an object',
    'ERR_OPTION_VALUE',
    /^Sequential: expected modules by name, .* but received an object of GlobalAvgPool2d/,
    () => new Sequential(untyped<Record<string, Module>>(new GlobalAvgPool2d())),
  ],
  [
    'a forward that returns nothing',
    'ERR_USAGE',
    /^Silent: forward returned undefined: return a value, or values by name/,
    () => {
      class Silent extends Module {
        protected forward(): Value {
          return untyped<Value>(undefined);
        }
      }
      return new Session(new Silent(), { input }).plan({ predict: 1 });
    },
  ],
  [
    'a module without name and forward',
    'ERR_USAGE',
    /^a module has no method forward\(x\)/,
    () => {
      const Nameless = untyped<new () => Module>(
        Object.defineProperty(class extends untyped<new () => object>(Module) {}, 'name', { value: '' }),
      );
      return new Session(new Nameless(), { input }).plan({ predict: 1 });
    },
  ],
];

it.each(MISTAKES)('%s', (_, code, message, body) =>
  expectMistake(body, { code, message, file: 'kinds.test.ts' }),
);
