/** Activated batch norm: normalization and activation as one layer. */
import {
  type AbnScale,
  type Activation,
  channels,
  checkOptionNames,
  ShapeError,
  type Store,
  UsageError,
  type Value,
} from '@inplace-abn/core';
import {
  type BatchStatistics,
  checkInvertible,
  DEFAULTS,
  normalize,
  ownStatistics,
  track,
} from '../functional/abn.js';
import { constantContent } from '../init/constants.js';
import { buffer, type Mode, Module, parameter } from '../module.js';

/** Options of {@link ABN} and {@link InPlaceABN}. */
export interface AbnOptions {
  /** Added to the variance, and in place also to |γ|. Default 1e-5. */
  readonly eps?: number;
  /** Weight of a new batch in the running statistics; null: cumulative average. Default 0.1. */
  readonly momentum?: number | null;
  /** Whether the layer has a scale γ and a shift β; default true. */
  readonly affine?: boolean;
  /**
   * Whether the layer keeps running statistics and normalizes with them in evaluation. False: evaluation uses
   * batch statistics, too. Default true.
   */
  readonly trackRunningStats?: boolean;
  /**
   * Applied after the normalization: `leaky_relu` (default), `elu`, `identity`, or `relu`, which
   * {@link InPlaceABN} rejects.
   */
  readonly activation?: Activation;
  /** Slope of leaky_relu or α of elu. Default 0.01. */
  readonly activationParam?: number;
}

/**
 * Creates a normalization layer of a network. The options override the network's activation and its slope:
 * a layer before a sum has the activation `identity`.
 */
export type NormAct = (channels: number, options?: Pick<AbnOptions, 'activation' | 'activationParam'>) => ABN;

const OPTIONS = [
  'eps',
  'momentum',
  'affine',
  'trackRunningStats',
  'activation',
  'activationParam',
] as const satisfies readonly (keyof AbnOptions)[];

/**
 * Batch norm with scale γ, then the activation. With batch statistics, the backward pass reads the input, so
 * it must be kept or recomputed. Input N×C×S1×…; states weight, bias, running_mean, running_var,
 * num_batches_tracked.
 */
export class ABN extends Module {
  /** 'plain': the scale is γ; 'abs', as in the in-place layer: |γ| + ε. */
  readonly scale: AbnScale = 'plain';
  /** Applied after the normalization. */
  readonly activation: Activation;
  /** Slope of leaky_relu or α of elu; other activations ignore it. */
  readonly activationParam: number;
  /** Added to the variance, and with `scale` 'abs' also to |γ|. */
  readonly eps: number;
  /** Weight of a new batch in the running statistics; null: cumulative average. */
  readonly momentum: number | null;
  /** Whether it has a weight and a bias. */
  readonly affine: boolean;
  /** If false, evaluation uses batch statistics too. */
  readonly trackRunningStats: boolean;

  /** @throws UsageError for fewer than one channel, and for an unknown option */
  constructor(
    /** Channels of x. */
    readonly channels: number,
    options: AbnOptions = {},
  ) {
    super();
    checkOptionNames(this.constructor.name, options, OPTIONS);
    this.activation = options.activation ?? DEFAULTS.activation;
    this.activationParam = options.activationParam ?? DEFAULTS.activationParam;
    this.eps = options.eps ?? DEFAULTS.eps;
    this.momentum = options.momentum === undefined ? DEFAULTS.momentum : options.momentum;
    this.affine = options.affine ?? true;
    this.trackRunningStats = options.trackRunningStats ?? true;
    if (!(channels >= 1))
      throw new UsageError(
        `${this.constructor.name}: expected at least one channel but received ${channels}`,
      );
    if (this.affine) {
      this.states.weight = parameter([channels], 'scale');
      this.states.bias = parameter([channels], 'bias');
    }
    if (this.trackRunningStats) {
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
    const training = mode.training && !mode.frozenStatistics?.(x.tracer.path);
    const batch = training || !this.trackRunningStats ? this.batchStatistics(x, { ...mode, training }) : null;
    if (batch && training && this.trackRunningStats) {
      track(
        x,
        { ...this.runningStatistics(x), batches: this.state(x, 'num_batches_tracked') },
        batch,
        this.momentum,
      );
    }
    const affine = this.affine ? { weight: this.state(x, 'weight'), bias: this.state(x, 'bias') } : null;
    return normalize(x, batch ?? this.runningStatistics(x), affine, this);
  }

  /** Statistics of `x`. @throws ShapeError for one sample per channel, which has no variance */
  protected batchStatistics(x: Value, _mode: Mode): BatchStatistics {
    return ownStatistics(x, this.constructor.name);
  }

  private runningStatistics(x: Value): { mean: Value; variance: Value } {
    return { mean: this.state(x, 'running_mean'), variance: this.state(x, 'running_var') };
  }

  /**
   * Writes weight 1 and bias 0 and resets the running statistics. `path` locates this layer, as in
   * `modules()`.
   */
  resetParameters(store: Store, path = ''): void {
    this.resetRunningStats(store, path);
    if (this.affine) this.reset(store, path, ['weight', 'bias']);
  }

  /** Writes running mean 0, running variance 1 and batch count 0. `path` as in {@link resetParameters}. */
  resetRunningStats(store: Store, path = ''): void {
    if (!this.trackRunningStats) return;
    this.reset(store, path, ['running_mean', 'running_var']);
    // An evaluation-only step has no batch count.
    if (store.has(nameIn(path, 'num_batches_tracked'))) this.reset(store, path, ['num_batches_tracked']);
  }

  private reset(store: Store, path: string, names: readonly string[]): void {
    for (const name of names) {
      const definition = this.states[name];
      if (definition) store.write(nameIn(path, name), constantContent(definition));
    }
  }
}

function nameIn(path: string, name: string): string {
  return path ? `${path}.${name}` : name;
}

/**
 * In-place activated batch norm (Rota Bulò, Porzi, Kontschieder, CVPR 2018). The scale |γ| + ε and an
 * invertible activation let the backward pass rebuild the input from the output, so the output may overwrite
 * the input.
 */
export class InPlaceABN extends ABN {
  override readonly scale = 'abs';

  /**
   * @param channels C of x
   * @throws UsageError for an activation that cannot be inverted, and an unknown option
   */
  constructor(channels: number, options: AbnOptions = {}) {
    super(channels, options);
    checkInvertible(this, 'InPlaceABN');
  }
}
