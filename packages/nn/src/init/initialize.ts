import { elements, type HostTensor, type TypedArray } from '@inplace-abn/core';
import type { AnyModule, NamedState } from '../module.js';
import { randomStream } from '../random.js';
import { constantContent } from './constants.js';
import { initializers, symmetric, type WeightInit } from './weights.js';

/** Options of {@link initialState}. */
export interface InitializeOptions {
  /** Seed of the random numbers of every state, an integer ≥ 0. */
  readonly seed: number;
  /** Rule for convolutions. Default xavier_normal. */
  readonly weightInit?: WeightInit;
  /** Factor on convolution weights, such as {@link activationGain}; kaiming rules ignore it. Default 1. */
  readonly gain?: number;
  /** Negative slope that kaiming rules assume for convolutions. Default 0. */
  readonly slope?: number;
  /** Rule for the weights of linear layers, with zero biases. Default: PyTorch's initialization of both. */
  readonly linear?: LinearInit;
  /**
   * Whether {@link initialStates} draws all float32 states in one buffer, so each tensor is valid only until
   * the next is requested. Otherwise a tensor that was copied to a store stays in host memory until it is
   * garbage-collected. Default false.
   */
  readonly reuse?: boolean;
}

/** Initial weights of linear layers. */
export interface LinearInit {
  /** Rule for the weights; biases are 0. */
  readonly weightInit: WeightInit;
  /** Factor on the weights (not for kaiming rules). */
  readonly gain: number;
}

/** The slope for which kaiming-uniform weights are within ±1/√inputs, as torch.nn.Linear uses it. */
const LINEAR_SLOPE = Math.sqrt(5);

/**
 * Initial contents for every state of a network: convolutions by the rule, linear layers like torch.nn.Linear
 * (weights and biases uniform within ±1/√inputs) unless `linear` says otherwise, γ = 1, other biases 0,
 * running mean 0 and variance 1. Each state depends only on the seed and its name.
 */
export function initialState(network: AnyModule, options: InitializeOptions): Map<string, HostTensor> {
  return new Map(initialStates(network, { ...options, reuse: false }));
}

/** Like initialState, but yields one state at a time, so a large network need not fit in host memory. */
export function* initialStates(
  network: AnyModule,
  options: InitializeOptions,
): Generator<[name: string, tensor: HostTensor]> {
  const states = network.namedStates();
  const largest = Math.max(0, ...states.map(({ shape }) => elements(shape)));
  const room = options.reuse ? new Float32Array(largest) : undefined;
  for (const state of states) {
    const { name, dtype, shape } = state;
    yield [name, { dtype, shape, data: fill(state, options, room?.subarray(0, elements(shape))) }];
  }
}

function fill(state: NamedState, options: InitializeOptions, room: Float32Array | undefined): TypedArray {
  const uniform = randomStream(options.seed, state.name);
  switch (state.role) {
    case 'convolution': {
      const rule = initializers[options.weightInit ?? 'xavier_normal'];
      return rule(state.shape, uniform, options.gain ?? 1, options.slope ?? 0, room);
    }
    case 'linear': {
      const { weightInit, gain } = options.linear ?? { weightInit: 'kaiming_uniform', gain: 1 };
      return initializers[weightInit](state.shape, uniform, gain, LINEAR_SLOPE, room);
    }
    case 'bias':
      if (state.fanIn === undefined || options.linear) return constantContent(state, room);
      return symmetric(state.shape, uniform, 1 / Math.sqrt(state.fanIn), room);
    case 'zero':
    case 'scale':
    case 'one':
      return constantContent(state, room);
  }
}
