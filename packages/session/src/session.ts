import { CommError } from '@inplace-abn/comm';
import {
  checkNumbers,
  checkOptionNames,
  defaultDevice,
  formatBytes,
  type Graph,
  type HostTensor,
  KernelChoices,
  largestWithin,
  NotFiniteError,
  smallestPlanned,
  type TensorType,
  type TypedArray,
  UsageError,
  type Value,
  valueInfo,
} from '@inplace-abn/core';
import { initialStates, type Module, type Per, type Signals, setActiveGroup } from '@inplace-abn/nn';
import { averageInputs, onAverages } from '@inplace-abn/optim';
import { type Batch, batchOf, checkFinite, checkTargets, type StepArrays } from './arrays.js';
import { checkAveraged } from './averages.js';
import { SessionStates } from './base.js';
import { firstNonFinite } from './diagnose.js';
import { Division, largestRun } from './division.js';
import { type EpochBatches, type FitOptions, fitEpochs, type StepAt, type StepResult } from './fit.js';
import { statesOf, TrainedParameters } from './groups.js';
import { checkNetwork, checkPaths, refuse } from './kinds.js';
import { Mean } from './mean.js';
import { drawnMix } from './mixing.js';
import { bucketsIn, checkOptions, memoryBytes, type SessionOptions, samplesOf } from './options.js';
import { allFinite, type FloatTensor, outputOf, tensorOf } from './outputs.js';
import type { SessionPlan } from './plan.js';
import { Programs, withWholeStacks } from './programs.js';
import { type PlanRequest, planned } from './request.js';
import { readTraining, writeTraining } from './run-state.js';
import { Shards } from './shards.js';
import { agreed, type Part, pause, type SessionGroup, Shares } from './sharing.js';
import { isArray, named } from './signals.js';
import { methodOf, type StepKey, type StepKind, stepOf } from './step-key.js';
import { Steps, stepParts } from './steps.js';
import type { ArraysOf, Evaluation, TrainOptions, WeightsOptions } from './types.js';
import { type LoadOptions, readWeights, writeWeights } from './weights.js';

/**
 * A network with everything needed to train, evaluate and run it: weights, optimizer state, one plan per
 * batch size and one arena for all plans. Nothing is allocated before the first step. Steps run in the order
 * of their calls; a step that is called while another one runs waits for it.
 *
 * Arrays are channels-last, like decoded images: a batch of C×H×W samples has N×H×W×C elements. If a network
 * takes or returns several values by name, so do the methods with arrays.
 */
export class Session<
  In extends Signals = Value,
  Out extends Signals = Value,
  Target extends Signals = Value,
  M extends string = never,
> extends SessionStates {
  /** Types of one sample, by the names of a graph's inputs. */
  private readonly inputs: ReadonlyMap<string, TensorType>;
  private readonly trained: TrainedParameters;
  private readonly steps: Steps<In, Out, Target>;
  private seed: number;
  private readonly accumulate: number;
  /** null: a step computes on its whole part of a batch at once. */
  private readonly shards: Shards | null;

  /** @throws UsageError for an option that is unknown or out of range */
  constructor(
    /** The network, as it was passed in. */
    readonly module: Module<In, Out>,
    private readonly options: SessionOptions<In, Out, Target, M>,
  ) {
    checkNetwork(module);
    checkOptions(options);
    const { input, target, metrics = {}, optimizer, prices } = options;
    const { precision = 'float32', seed = 0, accumulate = 1 } = options;
    const trained = new TrainedParameters(module, options);
    const device = options.device ?? defaultDevice();
    const memory = memoryBytes(options.memory);
    const states = statesOf(module, trained, optimizer, {
      accumulates: accumulate > 1,
      averages: options.average !== undefined,
    });
    const initial = () => options.initial?.() ?? initialStates(module, { seed, reuse: true });
    super(new Programs({ device, precision, memory, prices, states }), initial, options.group);
    this.inputs = samplesOf('input', input);
    this.seed = seed;
    this.accumulate = accumulate;
    this.trained = trained;
    this.shards = Shards.of(options);
    const members = this.shards?.group ?? options.group;
    if (members) setActiveGroup(module, members);
    this.steps = new Steps({ module, inputs: this.inputs, target, metrics, buckets: bucketsIn(options) });
  }

  /**
   * Plans a step without allocating anything; with `accumulate`, the step of a batch's largest part.
   * @throws BudgetError (ERR_BUDGET) if no plan fits `memory`
   */
  plan(request: PlanRequest): SessionPlan {
    const [kind, batch] = planned(request);
    const parts = kind === 'train' ? this.accumulate : 1;
    const largest = kind === 'train' ? largestRun(batch, parts, this.shards) : { batch };
    const plan = this.planOf({ kind, ...largest });
    return parts === 1 ? plan : plan.following(this.planOf({ kind: 'accumulate', ...largest }), parts - 1);
  }

  private planOf(key: StepKey): SessionPlan {
    const { kind, batch, paths = [], shards = [], averaged = false } = key;
    const title = `${kind}, batch ${batch}${averaged ? ', averaged weights' : ''}`;
    const trace = () => (averaged ? onAverages(this.trace(key)) : this.trace(key));
    const name = JSON.stringify([kind, batch, averaged, shards, ...paths]);
    const options = { timed: this.shards === null };
    return this.programs.plan({ key: name, kind, batch, title, trace, options });
  }

  private graphOf(key: StepKey): Graph {
    return this.planOf(key).raw.graph;
  }

  /** Largest batch whose step fits `memory` (bytes, or '1.5GiB'). @throws UsageError if one does not */
  largestBatch(memory: number | string): number {
    const most =
      memoryBytes(memory, 'largestBatch') ?? refuse('largestBatch', "bytes, such as '1.5GiB',", memory);
    const bytesAt = (batch: number) => this.plan({ train: batch }).bytes;
    const found = largestWithin(most, bytesAt, undefined, this.shards?.fewest(this.accumulate));
    if (found) return found.size;
    const { size, bytes } = smallestPlanned(bytesAt, undefined, this.shards?.fewest(this.accumulate));
    const least = size === 1 ? 'one sample needs' : `${size} samples, the fewest that have a plan, need`;
    throw new UsageError(`${least} ${formatBytes(bytes)}, more than ${formatBytes(most)}`, {
      code: 'ERR_MEMORY',
    });
  }

  /**
   * One training step: forward, backward and update. Loss and metrics are those before the update.
   *
   * @param x N consecutive samples of `input`; each N has its own plan
   * @param y their targets, such as an Int32Array of N labels
   * @throws UsageError for arrays that do not match the network and the loss; NotFiniteError, before any
   *   update, if the loss or the norm of the gradients is not finite
   */
  async train(x: ArraysOf<In>, y: ArraysOf<Target>, options: TrainOptions = {}): Promise<StepResult<M>> {
    checkOptionNames('train', options, ['rate']);
    const result = await this.programs.inTurn(() => this.trainStep(x, y, options));
    if (result !== 'stopped') return result;
    throw new CommError(
      'another process ended its fit: call fit on all processes of the group, or train on all',
    );
  }

  /** 'stopped': the step did not run, because another process of the group ends its training here. */
  private async trainStep(
    x: ArraysOf<In>,
    y: ArraysOf<Target>,
    { rate = 1, at }: TrainOptions & Partial<StepAt>,
  ): Promise<StepResult<M> | 'stopped'> {
    checkNumbers('train', 'a non-negative number', { rate });
    const optimizer = this.required('optimizer', 'train');
    const { group, average } = this.options;
    const batch = this.batchOf('train', x, y);
    const division = new Division(batch, this.accumulate, this.shards);
    const grouped = group !== undefined || this.shards !== null;
    // Without a group nothing is awaited, so the stack of an error begins at the caller's line.
    const held = division.part(grouped || this.accumulate > 1 ? this.options.loss : undefined);
    const shares = group ? await this.shared(group, held, division.runs) : Shares.of([held]);
    if (shares === 'stopped') return shares;
    this.shards?.check(shares.samples);
    // Read after `shared`, which may have taken them from rank 0.
    const { seed, updates } = this;
    const scalars = this.trained.inputsOf(optimizer, rate, updates);
    const averages = average ? Object.entries(averageInputs(average, updates + 1)) : [];
    const mix = drawnMix(this.options, { seed, epoch: 0, batch: updates, ...at });
    const where = { seed, updates, rank: group?.rank ?? 0, grouped, mix };
    const mean = new Mean<M>();
    let sum = 0;
    let norm: TypedArray | undefined;
    for (const [index, run] of division.runs.entries()) {
      const kind = index === this.accumulate - 1 ? 'train' : 'accumulate';
      const own = kind === 'train' ? averages : [];
      const arrays = new Map([...scalars, ...own, ...division.scalars(index, shares, where)]);
      const outputs = await this.run(stepOf(kind, run), run, arrays, batch);
      const result = this.resultOf(shares.part(index, this.accumulate), outputs);
      mean.add(result);
      sum += result.loss;
      norm = outputs.get('gradient_norm');
    }
    this.updates++;
    const told = shares.count === undefined ? mean.result : { ...mean.result, loss: sum };
    return norm ? { ...told, gradientNorm: Number(norm[0]) } : told;
  }

  /** The parts of all processes. First shares rank 0's states if they are new or were loaded. */
  private async shared(group: SessionGroup, own: Part, runs: readonly Batch[]): Promise<Shares | 'stopped'> {
    const graph = this.graphOf(stepOf('train', runs.at(-1) ?? { samples: 0 }));
    const shares = await agreed(group, graph, { ...own, fresh: this.fresh });
    if (shares !== 'stopped' && shares.fresh) await this.shareStates();
    return shares;
  }

  /** Loss, metrics and output of a batch, as in evaluation. Arrays as in {@link train}. @throws UsageError */
  async evaluate(
    x: ArraysOf<In>,
    y: ArraysOf<Target>,
    options: WeightsOptions = {},
  ): Promise<Evaluation<Out, M>> {
    const batch = this.batchOf('evaluate', x, y);
    const averaged = this.averagedIn('evaluate', options);
    const step = { kind: 'evaluate', batch: batch.samples, averaged } as const;
    const outputs = await this.programs.inTurn(() => this.run(step, batch));
    if (!Number.isFinite(outputs.get('loss')?.[0])) checkFinite('evaluate', batch.x, this.inputs);
    return {
      ...this.resultOf(new Shares([batch.samples]), outputs),
      output: outputOf<Out>(this.graphOf(step), outputs),
    };
  }

  /**
   * The network's output for a batch, with running statistics and without dropout.
   * @returns float32 [N,…], `shape` N×C×H×W and `data` channels-last; several outputs by their names
   * @throws UsageError for an array that does not match the network, and for an x that is not finite
   */
  async predict(x: ArraysOf<In>, options: WeightsOptions = {}): Promise<Per<Out, FloatTensor>> {
    const batch = this.batchOf('predict', x);
    const averaged = this.averagedIn('predict', options);
    const step = { kind: 'predict', batch: batch.samples, averaged } as const;
    const outputs = await this.programs.inTurn(() => this.run(step, batch));
    if (![...outputs.values()].every(allFinite)) checkFinite('predict', batch.x, this.inputs);
    return outputOf<Out>(this.graphOf(step), outputs);
  }

  /** Outputs of layers at paths such as `body.pool`, as {@link predict} returns them. @throws UsageError */
  async features<const N extends string>(
    x: ArraysOf<In>,
    paths: readonly N[],
  ): Promise<Readonly<Record<N, FloatTensor>>> {
    checkPaths('features', paths);
    const batch = this.batchOf('features', x);
    const step = { kind: 'features', batch: batch.samples, paths } as const;
    const outputs = await this.programs.inTurn(() => this.run(step, batch));
    const graph = this.graphOf(step);
    const entries = paths.map((path) => [path, tensorOf(graph, path, outputs.get(path))]);
    return Object.fromEntries(entries) as Record<N, FloatTensor>;
  }

  /**
   * Trains for epochs, with validation and callbacks, until the last epoch, a callback or a signal ends it.
   * @param batches an iterable of `{ x, y }` to iterate in every epoch, or a function that returns an epoch's
   * @throws UsageError for an epoch without batches, and as {@link train} does
   */
  fit(
    batches: EpochBatches<ArraysOf<In>, ArraysOf<Target>>,
    options: FitOptions<ArraysOf<In>, ArraysOf<Target>, M> = {},
  ): Promise<void> {
    const { learningRate } = this.required('optimizer', 'fit');
    const { group } = this.options;
    return fitEpochs<ArraysOf<In>, ArraysOf<Target>, M>(
      {
        learningRate,
        train: (x, y, step) => this.programs.inTurn(() => this.trainStep(x, y, step)),
        evaluate: (x, y, weights) => this.evaluate(x, y, weights),
        agree: group && ((stopped) => pause(group, stopped)),
      },
      batches,
      options,
    );
  }

  /** Copies of all parameters and buffers, row-major, by the names of PyTorch's state dictionary. */
  get state(): Map<string, HostTensor> {
    return this.store.stateDict('parameter', 'buffer');
  }

  /** Writes parameters and buffers as safetensors, atomically; rank 0 does. @throws CheckpointError */
  async save(path: string, options: WeightsOptions = {}): Promise<void> {
    const averaged = this.averagedIn('save', options);
    if (this.follows) return;
    await this.programs.inTurn(() => writeWeights(path, this.store, this.module, { averaged }));
  }

  private averagedIn(method: string, options: WeightsOptions): boolean {
    checkOptionNames(method, options, ['averaged']);
    if (options.averaged) checkAveraged(method, this.options.average, this.updates);
    return options.averaged ?? false;
  }

  /**
   * Loads parameters and buffers from safetensors or a file of torch.save: either all of them, or none and an
   * error that names each difference. Names may be torchvision's or timm's, and weights of the other kind of
   * batch norm are converted or refused. Returns notes on the conversion.
   * @throws CheckpointError for a file that cannot be read, or of another network
   */
  async load(path: string, options: LoadOptions = {}): Promise<readonly string[]> {
    checkOptionNames('load', options, ['trainedWith']);
    const graph = () => this.steps.prediction(1);
    const { tensors, notes } = await readWeights(path, this.module, graph, options);
    await this.fill(tensors);
    return notes;
  }

  /**
   * Writes everything that training needs to resume bit for bit: weights, optimizer state, the count of
   * updates, the seed and the kernels in use. In a group, rank 0 writes. @throws CheckpointError
   */
  async saveState(path: string): Promise<void> {
    const optimizer = this.required('optimizer', 'saveState');
    if (this.follows) return;
    await this.programs.inTurn(() => {
      const { updates, seed, kernels } = this;
      return writeTraining(path, this.store, optimizer, { updates, seed, kernels });
    });
  }

  /**
   * Loads a file of {@link saveState}: either all of it, or nothing and an error that names each difference.
   * Steps are planned again, with the kernels of the file if this machine has them. @throws UsageError for
   * another file (ERR_STATE_FILE), or another optimizer, freeze or average (ERR_OTHER_OPTIMIZER)
   */
  async loadState(path: string): Promise<void> {
    const optimizer = this.required('optimizer', 'loadState');
    const read = () => readTraining(path, this.store, optimizer);
    const { updates, seed, kernels } = await this.programs.inTurn(read);
    this.updates = updates;
    this.seed = seed;
    this.useKernels(new KernelChoices(kernels));
    this.fresh = true;
  }

  /** Whether another process of the group writes files. */
  private get follows(): boolean {
    return (this.options.group?.rank ?? 0) > 0;
  }

  private batchOf(method: StepKind, x: ArraysOf<In>, y?: ArraysOf<Target>): Batch {
    const inputs = named<TypedArray>('input', x, isArray);
    const samples = batchOf(method, inputs, this.inputs);
    if (method !== 'train' && method !== 'evaluate') return { samples, x: inputs, y: new Map() };
    if (y !== undefined && y !== null)
      return { samples, x: inputs, y: named<TypedArray>('target', y, isArray) };
    throw new UsageError(`${method} needs the targets of its ${samples} samples: ${method}(x, y)`, {
      code: 'ERR_NO_TARGET',
    });
  }

  private async run(step: StepKey, part: Batch, more: StepArrays = new Map(), whole = part) {
    const program = this.programs.program(this.planOf(step));
    const { graph } = program.plan;
    const targets = [...graph.inputs].filter(([name]) => /^target([./]|$)/.test(name));
    checkTargets(methodOf(step), part.y, new Map(targets.map(([name, id]) => [name, valueInfo(graph, id)])));
    this.initialized();
    const arrays = Object.fromEntries([...part.x, ...part.y, ...more]);
    try {
      const { outputs } = await withWholeStacks(() => program.run(arrays));
      return new Map(Object.entries(outputs));
    } catch (error) {
      if (!(error instanceof NotFiniteError)) throw error;
      // Before checkFinite throws, because the other processes wait for this one in synchronized layers.
      const layer = await firstNonFinite(program, arrays);
      checkFinite(methodOf(step), whole.x, this.inputs);
      if (layer === null) throw error;
      throw new NotFiniteError(`${error.message}; the first value that is not finite comes from ${layer}`);
    }
  }

  private resultOf(shares: Shares, outputs: StepArrays): StepResult<M> {
    return shares.result<M>(Object.keys(this.options.metrics ?? {}), outputs);
  }

  private trace({ kind, batch, paths = [], shards: own }: StepKey): Graph {
    if (kind === 'predict') return this.steps.prediction(batch);
    if (kind === 'features') return this.steps.features(batch, paths);
    const loss = this.required('loss', kind);
    if (kind === 'evaluate') return this.steps.evaluation(batch, loss);
    const { trained, options, shards } = this;
    const group = shards?.group ?? options.group ?? null;
    const optimizer = this.required('optimizer', kind);
    const part = this.accumulate === 1 ? null : kind === 'accumulate' ? 'sum' : 'update';
    const parts = {
      ...stepParts(options),
      optimizer,
      trained,
      part,
      group,
      sharded: shards !== null,
    } as const;
    const traced = (samples: number) => this.steps.training(samples, loss, parts);
    return shards && own ? shards.graph(own, traced) : traced(batch);
  }

  private required<K extends 'loss' | 'optimizer'>(
    key: K,
    what: string,
  ): NonNullable<SessionOptions<In, Out, Target, M>[K]> {
    const value = this.options[key];
    if (value) return value;
    throw new UsageError(`${what} needs a Session with the option ${key}`, { code: 'ERR_MISSING_OPTION' });
  }
}
