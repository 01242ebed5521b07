/** Activated batch norm: normalisation and activation as one layer. */
import {
  type Activation,
  abnApply,
  abnRunning,
  abnStats,
  channels,
  rows,
  ShapeError,
  UsageError,
  type Value,
} from '@inplace-abn/core';
import { buffer, type Mode, Module, parameter } from '../module.js';

export interface AbnOptions {
  readonly eps?: number;
  /** Weight of a new batch in the running statistics; null: the cumulative average. Default 0.1. */
  readonly momentum?: number | null;
  readonly affine?: boolean;
  /** Default true; false: batch statistics in evaluation, too. */
  readonly trackRunningStats?: boolean;
  readonly activation?: Activation;
  /** Slope of leaky_relu, α of elu; default 0.01. */
  readonly activationParam?: number;
}

/** Statistics of a batch with what they are of. */
export interface BatchStatistics {
  readonly mean: Value;
  readonly variance: Value;
  /** Samples per channel: a number, or float32[] where other processes have some of them … */
  readonly count: number | Value;
  /** … those of this process group. */
  readonly group?: string;
}

/** A factory for the normalisation layers of a network; `activation` overrides its own (identity before a sum). */
export type NormAct = (channels: number, options?: Pick<AbnOptions, 'activation'>) => ABN;

/**
 * The ordinary layer: batch norm (scale γ), then the activation, with the input kept for the backward pass.
 * Input N×C×S1×…; states weight, bias, running_mean, running_var, num_batches_tracked.
 */
export class ABN extends Module {
  /** 'plain': the scale is γ; the in-place layer's is |γ| + ε. */
  protected readonly scale: 'plain' | 'abs' = 'plain';
  readonly activation: Activation;
  readonly activationParam: number;
  readonly eps: number;
  private readonly momentum: number | null;
  private readonly affine: boolean;
  private readonly tracking: boolean;

  constructor(
    readonly channels: number,
    options: AbnOptions = {},
  ) {
    super();
    this.activation = options.activation ?? 'leaky_relu';
    this.activationParam = options.activationParam ?? 0.01;
    this.eps = options.eps ?? 1e-5;
    this.momentum = options.momentum === undefined ? 0.1 : options.momentum;
    this.affine = options.affine ?? true;
    this.tracking = options.trackRunningStats ?? true;
    if (!(channels >= 1))
      throw new UsageError(
        `${this.constructor.name}: expected at least one channel but received ${channels}`,
      );
    if (this.affine) {
      this.states.weight = parameter([channels], 'scale');
      this.states.bias = parameter([channels], 'bias');
    }
    if (this.tracking) {
      this.states.running_mean = buffer([channels], 'zero');
      this.states.running_var = buffer([channels], 'one');
      this.states.num_batches_tracked = buffer([], 'zero', 'int64');
    }
  }

  protected forward(x: Value, mode: Mode): Value {
    const path = x.tracer.path || this.constructor.name;
    if (x.shape.length < 2 || channels(x.shape) !== this.channels) {
      throw new ShapeError(`${path}: expected N×${this.channels}×… but received ${x}`);
    }
    const batch = mode.training || !this.tracking ? this.batchStatistics(x, mode) : null;
    if (batch && mode.training && this.tracking) this.track(x, batch);
    const affine = this.affine ? { weight: this.state(x, 'weight'), bias: this.state(x, 'bias') } : null;
    const { mean, variance } = batch ?? this.runningStatistics(x);
    const count = typeof batch?.count === 'number' ? undefined : batch?.count;
    return abnApply(x, { mean, variance, count }, affine, {
      eps: this.eps,
      scale: this.scale,
      activation: this.activation,
      slope: this.activationParam,
      statistics: batch ? 'batch' : 'fixed',
      ...(batch?.group === undefined ? {} : { group: batch.group }),
    });
  }

  /** Of the samples of `x`. Throws ShapeError where there is but one, which has no variance. */
  protected batchStatistics(x: Value, _mode: Mode): BatchStatistics {
    const count = rows(x.shape);
    if (count === 1) {
      const path = x.tracer.path || this.constructor.name;
      throw new ShapeError(
        `${path}: one sample per channel (${x}) has no variance to normalise by: use a larger batch or image`,
      );
    }
    return { ...abnStats(x), count };
  }

  private runningStatistics(x: Value): { mean: Value; variance: Value } {
    return { mean: this.state(x, 'running_mean'), variance: this.state(x, 'running_var') };
  }

  private track(x: Value, batch: BatchStatistics): void {
    const running = {
      mean: this.state(x, 'running_mean'),
      variance: this.state(x, 'running_var'),
      batches: this.state(x, 'num_batches_tracked'),
    };
    const { tracer } = x;
    tracer.during('update', null, () => {
      const next = abnRunning(running, batch, { momentum: this.momentum, count: batch.count });
      tracer.assign(running.mean, next.mean);
      tracer.assign(running.variance, next.variance);
      tracer.assign(running.batches, next.batches);
    });
  }
}

/**
 * In-place activated batch norm (Rota Bulò, Porzi, Kontschieder, CVPR 2018): the scale |γ| + ε and an invertible
 * activation let the backward pass rebuild the input from the output, so the output may overwrite it.
 */
export class InPlaceABN extends ABN {
  protected override readonly scale = 'abs';

  constructor(channels: number, options: AbnOptions = {}) {
    super(channels, options);
    if (this.activation === 'relu') {
      throw new UsageError(
        'InPlaceABN cannot use relu: it has no inverse, so the input cannot be rebuilt. Use leaky_relu, elu or identity, or bn_mode standard',
      );
    }
    const parameter = PARAMETERS[this.activation];
    if (parameter && !(this.activationParam > 0)) {
      throw new UsageError(
        `InPlaceABN needs a positive ${parameter} to invert but received ${this.activationParam}`,
      );
    }
  }
}

/** What `activationParam` is to an activation that has one. */
const PARAMETERS: Partial<Record<Activation, string>> = { leaky_relu: 'leaky_relu slope', elu: 'elu α' };
