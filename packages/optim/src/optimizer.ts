import type { Value } from '@inplace-abn/core';
import type { TorchForm } from './torch-form.js';

/** A parameter, its gradient, and the float32 scalar with its learning rate. */
export interface ParameterUpdate {
  /** Path of the parameter, which names its slots in the store. */
  readonly name: string;
  /** The state to update, float32. */
  readonly parameter: Value;
  /** Gradient of the loss: float32, of the parameter's shape. */
  readonly gradient: Value;
  /** Learning rate of this step, float32[]. */
  readonly learningRate: Value;
  /** Overrides the optimizer's weight decay. */
  readonly weightDecay?: number;
}

/** Scalars of a step that all of its updates share. */
export interface UpdateScalars {
  /** Factor on every gradient; null: no clipping. */
  readonly clip: Value | null;
  /** float32 scalar that counts updates from 1. */
  readonly step: Value;
}

/** A state tensor per parameter, with the parameter's shape and zero before the first update. */
export interface Slot {
  /** PyTorch's name: `momentum_buffer`, `exp_avg`. */
  readonly name: string;
  /** 1: a mean of gradients, which changes sign with the parameter. 2: a mean of squared gradients. */
  readonly moment: 1 | 2;
}

/**
 * An optimizer as a value: its hyperparameters, its state per parameter and the ops of one update. Created by
 * `sgd`, `adam`, `adamw`, `rmsprop` and `lamb`; implement this interface for your own optimizer.
 */
export interface Optimizer {
  /** The corresponding class of PyTorch or timm. */
  readonly torch: TorchForm;
  /** Base learning rate, which a schedule multiplies. */
  readonly learningRate: number;
  /** State tensors of every parameter. */
  readonly slots: readonly Slot[];
  /** Options of a parameter group, except the learning rate, under PyTorch's names. */
  readonly hyperparameters: Readonly<Record<string, number | boolean | readonly number[]>>;
  /**
   * Emits the update of one parameter and returns the new values of the parameter and its slots. `state`
   * returns the value of a slot before the update.
   */
  update(update: ParameterUpdate, state: (slot: string) => Value, scalars: UpdateScalars): Updated;
}

/** A parameter and its optimizer state after an update. */
export interface Updated {
  /** Result of an in-place update op on the parameter. */
  readonly parameter: Value;
  /** New content of each slot, by its name. */
  readonly state: Readonly<Record<string, Value>>;
}

/** Appends the updates to the traced step. Optimizer state lives in the store as `PARAMETER.SLOT`. */
export function applyUpdates(
  optimizer: Optimizer,
  updates: readonly ParameterUpdate[],
  scalars: UpdateScalars,
): void {
  for (const update of updates) {
    const { name, parameter } = update;
    const { tracer } = parameter;
    const state = (slot: string): Value =>
      tracer.state(optimizerStateName(name, slot), parameter.shape, 'float32', 'optimizer');
    tracer.during('update', null, () =>
      tracer.within(name, () => {
        const next = optimizer.update(update, state, scalars);
        tracer.assign(parameter, next.parameter);
        for (const [slot, value] of Object.entries(next.state)) tracer.assign(state(slot), value);
      }),
    );
  }
}

/** The store name of a parameter's `slot`, such as `mod1.conv1.weight.momentum_buffer`. */
export function optimizerStateName(parameter: string, slot: string): string {
  return `${parameter}.${slot}`;
}
