import { openStateDict, takeStateDict, writeSafetensors } from '@inplace-abn/checkpoint';
import {
  type Arrays,
  cpu,
  type Device,
  formatBytes,
  type Graph,
  type HostTensor,
  largestWithin,
  NotFiniteError,
  type StateSpec,
  type TensorType,
  type TypedArray,
  UsageError,
  valueInfo,
} from '@inplace-abn/core';
import { initialStates, type Module } from '@inplace-abn/nn';
import { type Optimizer, optimizerStateName } from '@inplace-abn/optim';
import { batchOf, checkFinite } from './arrays.js';
import { type FitOptions, fitEpochs, type TrainingBatch } from './fit.js';
import { type Loss, lossOf } from './loss.js';
import { checkOptions, memoryBytes, type SessionOptions } from './options.js';
import type { SessionPlan } from './plan.js';
import { Programs, type StepKind } from './programs.js';
import { fillStates, statesIn } from './states.js';
import { evaluationStep, predictionStep, trainingStep } from './steps.js';

/** Which step to plan, and for how many samples. */
export type PlanRequest =
  | { readonly train: number }
  | { readonly evaluate: number }
  | { readonly predict: number };

export interface StepResult {
  /** Of the batch, in training before the update. */
  readonly loss: number;
}

/**
 * A network with everything that training, evaluating and running it needs: weights, optimizer state, one plan for each batch
 * size and one arena for all of them. Nothing is allocated before the first step.
 *
 * Arrays are channels-last, as images are decoded: a batch of C×H×W samples holds N×H×W×C elements.
 */
export class Session {
  /** Updates made so far. */
  updates = 0;
  private readonly input: TensorType;
  private readonly programs: Programs;
  private readonly seed: number;
  private readonly device: Device;
  private readonly initialized: () => void;

  /** @throws UsageError for an option that is unknown or out of range */
  constructor(
    readonly module: Module,
    private readonly options: SessionOptions,
  ) {
    checkOptions(options);
    const { input, optimizer, precision = 'float32', memory, seed = 0 } = options;
    this.input = { shape: input.shape, dtype: input.dtype ?? 'float32' };
    this.seed = seed;
    this.device = options.device ?? cpu();
    this.programs = new Programs({
      device: this.device,
      precision,
      memory: memoryBytes(memory),
      states: statesOf(module, optimizer),
      trace: (kind, batch) => this.trace(kind, batch),
    });
    this.initialized = once(() => {
      for (const [name, { data }] of initialStates(module, { seed })) this.programs.store.write(name, data);
    });
  }

  /**
   * Plans a step without allocating anything.
   *
   * @throws BudgetError where the plan cannot be brought below `memory`
   */
  plan(request: PlanRequest): SessionPlan {
    const [kind, batch] = planned(request);
    return this.programs.plan(kind, batch);
  }

  /** Largest batch whose training step needs at most `memory` bytes, without recomputing more than the plan does by itself. */
  largestBatch(memory: number | string): number {
    const most = memoryBytes(memory) ?? Number.POSITIVE_INFINITY;
    const bytesAt = (batch: number) => this.plan({ train: batch }).bytes;
    const found = largestWithin(most, bytesAt);
    if (found) return found.size;
    throw new UsageError(`one sample needs ${formatBytes(bytesAt(1))}, more than ${formatBytes(most)}`);
  }

  /**
   * One training step.
   *
   * @param x samples of `input`, as many as you like
   * @param y their targets
   * @throws NotFiniteError, before anything was updated, where the loss or the norm of the gradients is not finite
   */
  async train(
    x: TypedArray,
    y: TypedArray,
    { learningRate }: { learningRate?: number } = {},
  ): Promise<StepResult> {
    const optimizer = this.required('optimizer', 'train');
    const inputs: Arrays = {
      input: x,
      target: y,
      lr: Float32Array.of(learningRate ?? optimizer.learningRate),
      step: Float32Array.of(this.updates + 1),
      seed: Int32Array.of((this.seed + this.updates) | 0),
    };
    try {
      const { loss } = await this.run('train', x, y, inputs);
      this.updates++;
      return { loss: scalar(loss) };
    } catch (error) {
      if (error instanceof NotFiniteError) checkFinite(x, this.input);
      throw error;
    }
  }

  /** The loss of a batch and the network's output, with running statistics and without dropout. */
  async evaluate(x: TypedArray, y: TypedArray): Promise<StepResult & { readonly output: HostTensor }> {
    const { loss, output } = await this.run('evaluate', x, y, { input: x, target: y });
    return { loss: scalar(loss), output: this.outputOf('evaluate', x, output) };
  }

  /** The network's output for a batch. */
  async predict(x: TypedArray): Promise<HostTensor> {
    const { output } = await this.run('predict', x, null, { input: x });
    return this.outputOf('predict', x, output);
  }

  /** Trains for epochs over batches; see FitOptions. */
  fit(
    batches: Iterable<TrainingBatch> | AsyncIterable<TrainingBatch>,
    options: FitOptions = {},
  ): Promise<void> {
    const { learningRate } = this.required('optimizer', 'fit');
    return fitEpochs(
      {
        learningRate,
        train: (x, y, step) => this.train(x, y, step),
        evaluate: (x, y) => this.evaluate(x, y),
      },
      batches,
      options,
    );
  }

  /** Copies of all parameters and buffers, by the names of PyTorch's state dictionary. */
  get state(): Map<string, HostTensor> {
    this.initialized();
    return this.programs.store.stateDict('parameter', 'buffer');
  }

  /** Writes parameters and buffers as safetensors. */
  async save(path: string): Promise<void> {
    this.initialized();
    await writeSafetensors(path, statesIn(this.programs.store, 'parameter', 'buffer'));
  }

  /**
   * Loads parameters and buffers from safetensors or a file of torch.save: all of them, or none and an error that names each
   * difference.
   */
  async load(path: string): Promise<void> {
    const { tensors } = await openStateDict(path);
    const specs = new Map(this.module.namedStates().map((state) => [state.name, state]));
    const taken = takeStateDict(specs, tensors, path, { convert: true });
    this.initialized();
    await fillStates(this.programs.store, taken);
  }

  private async run(
    kind: StepKind,
    x: TypedArray,
    y: TypedArray | null,
    inputs: Arrays,
  ): Promise<Record<string, TypedArray>> {
    const batch = batchOf(x, this.input);
    if (kind !== 'predict' && !y) throw new UsageError(`${kind} needs the targets of its ${batch} samples`);
    const program = this.programs.program(kind, batch);
    this.initialized();
    return (await program.run(inputs)).outputs;
  }

  private outputOf(kind: StepKind, x: TypedArray, data: TypedArray | undefined): HostTensor {
    const { graph } = this.programs.plan(kind, batchOf(x, this.input)).raw;
    const { shape, dtype } = valueInfo(graph, graph.outputs.get('output') ?? -1);
    return { shape, dtype, data: data ?? new Float32Array() };
  }

  private trace(kind: StepKind, batch: number): Graph {
    const { module, input } = this;
    if (kind === 'predict') return predictionStep({ module, input }, batch);
    const loss = this.requiredLoss(kind);
    if (kind === 'evaluate') return evaluationStep({ module, input, loss }, batch);
    const optimizer = this.required('optimizer', kind);
    return trainingStep({ module, input, loss, optimizer, clip: this.options.clip }, batch);
  }

  private requiredLoss(what: string): Loss {
    const { target } = this.options;
    return lossOf(
      this.required('loss', what),
      target && { shape: target.shape, dtype: target.dtype ?? 'float32' },
    );
  }

  private required<K extends 'loss' | 'optimizer'>(key: K, what: string): NonNullable<SessionOptions[K]> {
    const value = this.options[key];
    if (value) return value;
    throw new UsageError(`${what} needs a Session with the option ${key}`);
  }
}

function planned(request: PlanRequest): [StepKind, number] {
  const [entry, ...more] = Object.entries(request) as [StepKind, number][];
  if (!entry || more.length > 0 || !['train', 'evaluate', 'predict'].includes(entry[0])) {
    throw new UsageError('plan takes one of { train: N }, { evaluate: N } and { predict: N }');
  }
  if (Number.isInteger(entry[1]) && entry[1] >= 1) return entry;
  throw new UsageError(`plan: expected a batch of at least one sample but received ${entry[1]}`);
}

function statesOf(module: Module, optimizer: Optimizer | undefined): StateSpec[] {
  const own = module.namedStates();
  const slots = own.flatMap(({ name, kind, shape }): StateSpec[] => {
    if (kind !== 'parameter') return [];
    return (optimizer?.slots ?? []).map((slot) => {
      return { name: optimizerStateName(name, slot), kind: 'optimizer', shape, dtype: 'float32' };
    });
  });
  return [...own.map(({ name, kind, shape, dtype }) => ({ name, kind, shape, dtype })), ...slots];
}

function scalar(value: TypedArray | undefined): number {
  return Number(value?.[0]);
}

function once(body: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    body();
  };
}
