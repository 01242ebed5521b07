/** The three graphs of a network: training, evaluation and prediction of a batch. */
import {
  type Graph,
  gradients,
  guardFinite,
  type Shape,
  type TensorType,
  type Tracer,
  trace,
  UsageError,
  type Value,
} from '@inplace-abn/core';
import { EVALUATION, type Module, parametersIn } from '@inplace-abn/nn';
import { applyUpdates, clipByGlobalNorm, type Optimizer, type ParameterUpdate } from '@inplace-abn/optim';
import type { Loss } from './loss.js';

export interface StepParts {
  readonly module: Module;
  /** Of one sample. */
  readonly input: TensorType;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly clip: number | undefined;
}

type Forward = Pick<StepParts, 'module' | 'input'>;

const batched = (batch: number, { shape }: { shape: Shape }): Shape => [batch, ...shape];

function inputOf(tracer: Tracer, { input }: Forward, batch: number): Value {
  return tracer.input('input', batched(batch, input), input.dtype);
}

/** Inputs: input. Outputs: output. */
export function predictionStep(parts: Forward, batch: number): Graph {
  return trace((tracer) => ({ output: parts.module.call(inputOf(tracer, parts, batch), EVALUATION) }));
}

/** Inputs: input, target. Outputs: loss, output. */
export function evaluationStep(parts: Pick<StepParts, 'module' | 'input' | 'loss'>, batch: number): Graph {
  return trace((tracer) => {
    const output = parts.module.call(inputOf(tracer, parts, batch), EVALUATION);
    return { loss: lossOf(tracer, parts.loss, output), output };
  });
}

/** Inputs: input, target, lr, step (updates counted from 1), seed. Outputs: loss. */
export function trainingStep(parts: StepParts, batch: number): Graph {
  return trace((tracer) => {
    const x = inputOf(tracer, parts, batch);
    const scalars = {
      lr: tracer.input('lr', [], 'float32'),
      step: tracer.input('step', [], 'float32'),
      seed: tracer.input('seed', [], 'int32'),
    };
    const output = parts.module.call(x, { training: true, seed: scalars.seed });
    const loss = lossOf(tracer, parts.loss, output);
    tracer.within('loss', () => guardFinite(loss, 'the loss'));
    update(tracer, loss, parts, scalars);
    return { loss };
  });
}

function lossOf(tracer: Tracer, loss: Loss, output: Value): Value {
  const { shape, dtype } = loss.target(output);
  return tracer.within('loss', () => loss.compute(output, tracer.input('target', shape, dtype)));
}

function update(
  tracer: Tracer,
  loss: Value,
  { module, optimizer, clip }: StepParts,
  { lr, step }: { lr: Value; step: Value },
): void {
  const parameters = parametersIn(loss);
  for (const { name, kind } of module.namedStates()) {
    if (kind === 'parameter' && !parameters.has(name)) throw unreached(name);
  }
  const found = gradients(loss, [...parameters.values()]);
  const updates = [...parameters].map(([name, parameter], index): ParameterUpdate => {
    const gradient = found[index];
    if (!gradient) throw unreached(name);
    return { name, parameter, gradient, learningRate: lr };
  });
  const all = updates.map(({ gradient }) => gradient);
  const scale = clip
    ? tracer.during('update', null, () => tracer.within('clip', () => clipByGlobalNorm(all, clip).scale))
    : null;
  applyUpdates(optimizer, updates, { clip: scale, step });
}

function unreached(name: string): UsageError {
  return new UsageError(
    `the loss does not depend on parameter ${name}: use its module in forward, or leave the module out`,
  );
}
