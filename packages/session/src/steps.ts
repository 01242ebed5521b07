/** The graphs of a network: training, evaluation, prediction and features of a batch. */
import { type BucketOptions, type GroupShape, sumInBuckets } from '@inplace-abn/comm';
import {
  allGather,
  described,
  type Graph,
  guardFinite,
  pack,
  type TensorType,
  type Tracer,
  trace,
  UsageError,
  Value,
} from '@inplace-abn/core';
import {
  EVALUATION,
  type Loss,
  type LossFunction,
  listCalled,
  type Mode,
  type Module,
  type Per,
  parametersIn,
  returnedAt,
  type Signals,
} from '@inplace-abn/nn';
import { averageStates, type Optimizer, trainedGradients, updateParameters } from '@inplace-abn/optim';
import { gradientSums, type StepPart } from './gradient-sums.js';
import type { TrainedParameters } from './groups.js';
import { scaledRates } from './layer-decay.js';
import type { Metric } from './metrics.js';
import { mixed, mixedLoss } from './mixing.js';
import type { InputOptions, SessionOptions } from './options.js';
import { isTensorOptions, isValue, named, signalsAs, unnamedAs } from './signals.js';

export interface StepParts<In extends Signals, Out extends Signals, Target extends Signals> {
  readonly module: Module<In, Out>;
  /** Types of one sample, by the names of a graph's inputs. */
  readonly inputs: ReadonlyMap<string, TensorType>;
  readonly target: Per<Target, InputOptions> | undefined;
  readonly metrics: Readonly<Record<string, Metric<Out, Target>>>;
  /** Buckets of the gradients that a group sums. */
  readonly buckets: BucketOptions;
}

type AnyLoss<Out extends Signals, Target extends Signals> = Loss<Out, Target> | LossFunction<Out, Target>;

export interface TrainingParts extends StepPart {
  readonly optimizer: Optimizer;
  readonly trained: TrainedParameters;
  readonly clip: number | undefined;
  /** Whether the step updates averages of the weights. */
  readonly average: boolean;
  /** Whether the step outputs the global norm of the gradients. */
  readonly norm: boolean;
  /** Whether the step mixes images and targets in pairs. */
  readonly mix: boolean;
  /** The processes, or the shards, that share the batch; null: this one alone. */
  readonly group: GroupShape | null;
}

/** The parts that a session's options name. */
export function stepParts({
  clip,
  average,
  gradientNorm = false,
  mix,
}: Pick<SessionOptions, 'clip' | 'average' | 'gradientNorm' | 'mix'>): Pick<
  TrainingParts,
  'clip' | 'average' | 'norm' | 'mix'
> {
  return { clip, average: average !== undefined, norm: gradientNorm, mix: mix !== undefined };
}

/** Traces steps. Inputs of all: input, or input.NAME. */
export class Steps<In extends Signals, Out extends Signals, Target extends Signals> {
  constructor(private readonly parts: StepParts<In, Out, Target>) {}

  /** Outputs: output, or output.NAME. */
  prediction(batch: number): Graph {
    return trace((tracer) => outputs(this.forward(tracer, batch, EVALUATION)));
  }

  /** Outputs: what the layers at `paths` return, each by its path. */
  features(batch: number, paths: readonly string[]): Graph {
    return trace((tracer) => {
      this.forward(tracer, batch, EVALUATION);
      return Object.fromEntries(paths.map((path) => [path, featureOf(tracer, path)]));
    });
  }

  /** Further inputs: target, or target.NAME. Outputs: loss, metric.NAME, and those of a prediction. */
  evaluation(batch: number, loss: AnyLoss<Out, Target>): Graph {
    return trace((tracer) => {
      const output = this.forward(tracer, batch, EVALUATION);
      return { ...this.results(tracer, batch, output, loss), ...outputs(output) };
    });
  }

  /**
   * Further inputs: target, lr, lr.GROUP, step (updates counted from 1), seed; with parts keep (0: the sum
   * starts over; else 1) and factor (of this part's gradients); with a group share (of this process); with
   * either, for a loss that counts, count (of the whole batch) in place of share; with averages ema_keep,
   * ema_factor; those of mixed images (see mixing.ts). Outputs: loss, metric.NAME; with a group those of
   * every process; gradient_norm.
   */
  training(
    batch: number,
    loss: AnyLoss<Out, Target>,
    { optimizer, trained, clip = 0, average, norm, mix, part, group, sharded }: TrainingParts,
  ): Graph {
    return trace((tracer) => {
      const rates = new Map(
        [...trained.ratesOf(optimizer).keys()].map((name) => [name, tracer.input(name, [], 'float32')]),
      );
      const scaled = scaledRates(tracer);
      const step = tracer.input('step', [], 'float32');
      const seed = tracer.input('seed', [], 'int32');
      const { frozenStatistics } = trained;
      const output = this.forward(tracer, batch, { training: true, seed, frozenStatistics }, mix);
      const counts = (group || part) && typeof loss === 'object' && loss.count !== undefined;
      const count = counts ? tracer.input('count', [], 'float32') : undefined;
      const results = this.results(tracer, batch, output, loss, { count, mix });
      if (!group) tracer.within('loss', () => guardFinite(results.loss, 'the loss'));
      checkReached(results.loss, trained);
      const trains = (name: string) => trained.trains(name);
      const share = group && !count ? tracer.input('share', results.loss.shape, 'float32') : undefined;
      const summed = gradientSums(tracer, { part, sharded }, (own) =>
        group ? sumInBuckets(own, group, this.parts.buckets) : own,
      );
      let told: Record<string, Value> = results;
      const sum = (own: ReadonlyMap<string, Value>) => {
        // After the backward pass, so that a process that waits for the others' losses has computed its
        // gradients.
        if (group) told = gathered(tracer, results, group);
        return summed(own);
      };
      if (part === 'sum') {
        sum(trainedGradients(results.loss, { trains, share }));
        return told;
      }
      const found = updateParameters(results.loss, {
        optimizer,
        step,
        clip,
        share,
        sum,
        trains,
        rateOf: (name) => scaled(rates.get(trained.rateInputOf(name)) ?? step, trained.rateFactorOf(name)),
        decayOf: (name) => trained.decayOf(name),
        norm,
      });
      if (average) averageStates(tracer, this.parts.module.namedStates());
      return norm && found.norm ? { ...told, gradient_norm: found.norm } : told;
    });
  }

  private forward(tracer: Tracer, batch: number, mode: Mode, mix = false): Out {
    const values = [...this.parts.inputs].map(([name, { shape, dtype }]): [string, Value] => {
      const input = tracer.input(name, [batch, ...shape], dtype);
      return [name, mix ? mixed(tracer, input) : input];
    });
    return this.parts.module.call(signalsAs<In>('input', new Map(values)), mode);
  }

  private results(
    tracer: Tracer,
    batch: number,
    output: Out,
    loss: AnyLoss<Out, Target>,
    { count, mix = false }: { readonly count?: Value; readonly mix?: boolean } = {},
  ): { readonly loss: Value; readonly [name: string]: Value } {
    const values = [...this.targets(batch, output, loss)].map(([name, { shape, dtype }]): [string, Value] => {
      return [name, tracer.input(name, shape, dtype)];
    });
    const target = signalsAs<Target>('target', new Map(values));
    const compute = typeof loss === 'function' ? loss : loss.compute;
    const lossOf = (targets: ReadonlyMap<string, Value>) =>
      checkedLoss(tracer, compute(output, signalsAs<Target>('target', targets), count));
    const value = tracer.within('loss', () =>
      mix ? mixedLoss(tracer, new Map(values), lossOf) : lossOf(new Map(values)),
    );
    const metrics = Object.entries(this.parts.metrics).map(([name, metric]): [string, Value] => {
      const found = tracer.within(name, () => metric(output, target));
      checkMetric(name, found);
      return [`metric.${name}`, found];
    });
    return { ...Object.fromEntries(metrics), loss: value };
  }

  /**
   * Types of the targets: a loss that is a value defines them; for a function they are those of the options,
   * or else those of the output.
   */
  private targets(batch: number, output: Out, loss: AnyLoss<Out, Target>): Map<string, TensorType> {
    const values = named<Value>('output', output, isValue);
    if (typeof loss !== 'function') {
      const types = loss.target(unnamedAs<Out, TensorType>('output', values));
      return named<TensorType>('target', types, isTensorOptions);
    }
    const { target } = this.parts;
    if (!target)
      return new Map([...values].map(([name, value]) => [name.replace('output', 'target'), value]));
    const samples = named<InputOptions>('target', target, isTensorOptions);
    return new Map(
      [...samples].map(([name, { shape, dtype = 'float32' }]) => [name, { shape: [batch, ...shape], dtype }]),
    );
  }
}

/** Gathers every process's results of its part of a batch; a loss that is not finite stops them all. */
function gathered(
  tracer: Tracer,
  results: Readonly<Record<string, Value>>,
  group: GroupShape,
): Record<string, Value> {
  return tracer.during('update', null, () => {
    const all = Object.entries(results).map(([name, value]): [string, Value] => {
      return [name, tracer.within(name, () => allGather(pack([value]), group.name, group.size))];
    });
    const told = Object.fromEntries(all);
    const { loss } = told;
    if (loss) tracer.within('loss', () => guardFinite(loss, 'the loss'));
    return told;
  });
}

function outputs(output: Signals): Record<string, Value> {
  for (const [name, value] of named<Value>('output', output, isValue)) {
    if (value.dtype === 'float32') continue;
    throw new UsageError(`the network returns ${value} as ${name}: an output is float32`, {
      code: 'ERR_DTYPE',
    });
  }
  return Object.fromEntries(named<Value>('output', output, isValue));
}

function featureOf(tracer: Tracer, path: string): Value {
  const found = returnedAt(tracer, path);
  if (found instanceof Value) return found;
  throw new UsageError(
    found
      ? `features: the layer at ${path} returns several values: name one of those inside it, of ${listCalled(tracer, path)}`
      : `features: the network calls no layer at ${path}; it calls ${listCalled(tracer)}`,
    { code: 'ERR_NO_MATCH' },
  );
}

function checkedLoss(tracer: Tracer, loss: Value): Value {
  if (!(loss instanceof Value)) {
    throw new UsageError(`the loss returned ${described(loss)}: return a scalar value`, { code: 'ERR_LOSS' });
  }
  tracer.own(loss);
  if (loss.shape.every((size) => size === 1) && loss.dtype === 'float32') return loss;
  throw new UsageError(`the loss is ${loss}: return a float32 scalar, such as the mean over the batch`, {
    code: 'ERR_LOSS',
  });
}

function checkMetric(name: string, metric: Value): void {
  if (metric instanceof Value && metric.shape.every((size) => size === 1)) return;
  throw new UsageError(
    `metrics.${name} returned ${metric instanceof Value ? metric : described(metric)}: return a scalar value`,
    {
      code: 'ERR_LOSS',
    },
  );
}

/** A module that `forward` never calls is not in the trace, and the update would pass over it. */
function checkReached(loss: Value, trained: TrainedParameters): void {
  const met = parametersIn(loss);
  const unreached = [...trained.names].find((name) => !met.has(name));
  if (unreached !== undefined) {
    throw new UsageError(
      `the loss does not depend on parameter ${unreached}: use its module in forward, leave it out, or freeze it`,
      { code: 'ERR_UNUSED_PARAMETER' },
    );
  }
  const foreign = [...met.keys()].find((name) => !trained.has(name));
  if (foreign === undefined) return;
  throw new UsageError(
    `the loss uses parameter ${foreign}, which the network does not hold: keep its module in the network`,
    { code: 'ERR_NOT_HELD' },
  );
}
