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

  /**
   * What every module makes of `x`, by the module's name, in order; the last is what `call` returns. Only what is
   * used later is kept. `name` is that of this module in the one that is being traced, as in `call`.
   */
  outputs(x: Value, mode: Mode, name = ''): Map<string, Value> {
    return name ? x.tracer.within(name, () => this.apply(x, mode)) : this.apply(x, mode);
  }

  protected forward(x: Value, mode: Mode): Value {
    return [...this.apply(x, mode).values()].at(-1) ?? x;
  }

  private apply(x: Value, mode: Mode): Map<string, Value> {
    const byName = new Map(this.children());
    const outputs = new Map<string, Value>();
    let value = x;
    for (const name of this.order) {
      value = byName.get(name)?.call(value, mode, name) ?? value;
      outputs.set(name, value);
    }
    return outputs;
  }
}
