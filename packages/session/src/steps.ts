/** The three graphs of a network: training, evaluation and prediction of a batch. */
import {
  type Graph,
  guardFinite,
  type Shape,
  type TensorType,
  type Tracer,
  trace,
  UsageError,
  type Value,
} from '@inplace-abn/core';
import { EVALUATION, type Module, parametersIn } from '@inplace-abn/nn';
import { type Optimizer, updateParameters } from '@inplace-abn/optim';
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
    const { module, optimizer, clip = 0 } = parts;
    checkReached(loss, module);
    updateParameters(loss, { optimizer, step: scalars.step, clip, rateOf: () => scalars.lr });
    return { loss };
  });
}

function lossOf(tracer: Tracer, loss: Loss, output: Value): Value {
  const { shape, dtype } = loss.target(output);
  return tracer.within('loss', () => loss.compute(output, tracer.input('target', shape, dtype)));
}

/** A module that `forward` never calls is not in the trace, and the update would pass over it. */
function checkReached(loss: Value, module: Module): void {
  const met = parametersIn(loss);
  const unreached = module.namedStates().find(({ name, kind }) => kind === 'parameter' && !met.has(name));
  if (!unreached) return;
  throw new UsageError(
    `the loss does not depend on parameter ${unreached.name}: use its module in forward, or leave the module out`,
  );
}
