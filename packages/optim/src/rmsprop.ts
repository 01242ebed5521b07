import {
  add,
  checkNumber,
  checkNumbers,
  checkOptionNames,
  div,
  mul,
  neg,
  sign,
  sqrt,
  square,
  sub,
  type Value,
} from '@inplace-abn/core';
import type { Optimizer } from './optimizer.js';
import { decayed, moved, scaled } from './rule.js';
import { COMMON, type TorchForm } from './torch-form.js';

/** Hyperparameters of {@link rmsprop}. */
export interface RmspropOptions {
  /** Base rate, which a schedule multiplies; no default. */
  readonly learningRate: number;
  /** Decay of the average of squared gradients. Default 0.99; 0.9 with `tensorflow`. */
  readonly alpha?: number;
  /**
   * Added to the root of the average of squared gradients, or inside it with `tensorflow`. Default 1e-8;
   * 1e-10 with `tensorflow`.
   */
  readonly eps?: number;
  /** Factor on the momentum buffer, at least 0. Default 0: no buffer. */
  readonly momentum?: number;
  /** L2 penalty, added to the gradient. Default 0. */
  readonly weightDecay?: number;
  /**
   * TensorFlow's rule, timm's RMSpropTF: eps inside the square root, averages that start at 1, and the
   * learning rate inside the momentum buffer. Default false.
   */
  readonly tensorflow?: boolean;
}

export const RMSPROP_FORM: TorchForm = {
  type: 'RMSprop',
  slots: ['square_avg', 'momentum_buffer'],
  counted: true,
  defaults: { ...COMMON, lr: 0.01, momentum: 0, alpha: 0.99, eps: 1e-8, centered: false },
  mark: 'centered',
};

/**
 * torch.optim.RMSprop, not centered (Hinton's lecture 6e):
 *
 *     g   = grad + wd·p
 *     sq  = α·sq + (1 − α)·g²
 *     buf = momentum·buf + g/(√sq + eps)
 *     p  −= lr·buf
 *
 * With `tensorflow`, sq starts at 1, buf = momentum·buf + lr·g/√(sq + eps), and p −= buf.
 *
 * @throws UsageError for an option that is unknown or out of range
 */
export function rmsprop(options: RmspropOptions): Optimizer {
  checkOptionNames('rmsprop', options, [
    'learningRate',
    'alpha',
    'eps',
    'momentum',
    'weightDecay',
    'tensorflow',
  ]);
  const {
    learningRate = Number.NaN,
    momentum = 0,
    weightDecay: weight_decay = 0,
    tensorflow = false,
  } = options;
  const { alpha = tensorflow ? 0.9 : 0.99, eps = tensorflow ? 1e-10 : 1e-8 } = options;
  checkNumbers('rmsprop', 'a non-negative number', {
    learningRate,
    momentum,
    eps,
    weightDecay: weight_decay,
  });
  checkNumber('rmsprop', 'alpha', 'a number from 0 to below 1', alpha);
  const average = { name: 'square_avg', moment: 2 } as const;
  const buffer = { name: 'momentum_buffer', moment: 1 } as const;
  return {
    torch: RMSPROP_FORM,
    learningRate,
    slots: momentum > 0 ? [average, buffer] : [average],
    hyperparameters: { alpha, eps, momentum, weight_decay },
    update({ parameter, gradient, learningRate: lr, weightDecay = weight_decay }, state, { clip, step }) {
      const g = decayed(scaled(gradient, clip), parameter, weightDecay);
      const power = tensorflow ? fromOne(square(g), alpha, step) : square(g);
      const sq = moved(state('square_avg'), power, alpha, 1 - alpha);
      const direction = div(g, tensorflow ? sqrt(add(sq, eps)) : add(sqrt(sq), eps));
      const next: Record<string, Value> = { square_avg: sq };
      if (momentum === 0) return { parameter: moved(parameter, direction, 1, neg(lr)), state: next };
      const buf = moved(state('momentum_buffer'), direction, momentum, tensorflow ? lr : 1);
      const parameterNext = moved(parameter, buf, 1, tensorflow ? -1 : neg(lr));
      return { parameter: parameterNext, state: { ...next, momentum_buffer: buf } };
    },
  };
}

/** Squares of the gradient, raised in the first update so that an average from 0 continues as from 1. */
function fromOne(squares: Value, alpha: number, step: Value): Value {
  const first = sub(1, sign(sub(step, 1)));
  return add(squares, mul(first, alpha / (1 - alpha)));
}
