import type { Value } from '@inplace-abn/core';
import { type Mode, Module } from '../module.js';

/** Named modules applied one after the other; keys are the names, as in PyTorch's Sequential of an OrderedDict. */
export class Sequential extends Module {
  private readonly order: readonly string[];

  constructor(modules: Readonly<Record<string, Module>>) {
    super();
    this.order = Object.keys(modules);
    Object.assign(this, modules);
  }

  protected forward(x: Value, mode: Mode): Value {
    const byName = new Map(this.children());
    return this.order.reduce((value, name) => byName.get(name)?.call(value, mode, name) ?? value, x);
  }
}
