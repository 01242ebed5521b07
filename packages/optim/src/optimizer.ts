import type { Value } from '@inplace-abn/core';
import type { TorchForm } from './torch-form.js';

/** A parameter with its gradient and the float32 scalar that holds its learning rate. */
export interface ParameterUpdate {
  readonly name: string;
  readonly parameter: Value;
  readonly gradient: Value;
  readonly learningRate: Value;
  /** Instead of the optimizer's own. */
  readonly weightDecay?: number;
}

/** Scalars of a step that all of its updates read. */
export interface UpdateScalars {
  /** Factor on every gradient; null: none. */
  readonly clip: Value | null;
  /** float32: counts updates from 1. */
  readonly step: Value;
}

/** A tensor kept for each parameter, of its shape, zeros before the first update. */
export interface Slot {
  /** PyTorch's: `momentum_buffer`, `exp_avg`. */
  readonly name: string;
  /** 1: a mean of gradients, which changes its sign with the parameter; 2: one of their squares. */
  readonly moment: 1 | 2;
}

/**
 * An optimizer as a value: its hyperparameters, the state it keeps for each parameter and the ops of one update. `sgd`, `adam`
 * and `adamw` make them; an optimizer of your own implements the same interface.
 */
export interface Optimizer {
  /** Its class in torch.optim. */
  readonly torch: TorchForm;
  /** Base learning rate; a schedule multiplies it. */
  readonly learningRate: number;
  readonly slots: readonly Slot[];
  /** Options of a parameter group, without the learning rate, under PyTorch's names. */
  readonly hyperparameters: Readonly<Record<string, number | boolean | readonly number[]>>;
  /**
   * Emits the update of one parameter and returns what the parameter and its slots become. `state` gives the value of a
   * slot before the update.
   */
  update(update: ParameterUpdate, state: (slot: string) => Value, scalars: UpdateScalars): Updated;
}

export interface Updated {
  readonly parameter: Value;
  /** By slot. */
  readonly state: Readonly<Record<string, Value>>;
}

/** Appends the updates to the step that is being traced. Optimizer state lives in the store as `PARAMETER.SLOT`. */
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

/** Store name of the optimizer state `slot` of a parameter, such as `mod1.conv1.weight.momentum_buffer`. */
export function optimizerStateName(parameter: string, slot: string): string {
  return `${parameter}.${slot}`;
}
