import { described, UsageError, type Value } from '@inplace-abn/core';
import { type Mode, Module } from '../module.js';

/** Named modules applied in sequence, like PyTorch's Sequential of an OrderedDict; keys are the names. */
export class Sequential extends Module {
  private readonly order: Readonly<Record<string, Module>>;

  /** @throws UsageError, code ERR_OPTION_VALUE, for anything but modules by name */
  constructor(modules: Readonly<Record<string, Module>>) {
    super();
    const values: readonly unknown[] = Object.values(modules ?? {});
    const wrong = modules instanceof Module ? modules : values.find((one) => !(one instanceof Module));
    if (modules instanceof Module || !values.every((one) => one instanceof Module)) {
      throw new UsageError(
        `Sequential: expected modules by name, such as { fc: new Linear(8, 2) }, but received ${described(wrong)}`,
        { code: 'ERR_OPTION_VALUE' },
      );
    }
    this.order = { ...modules };
    Object.assign(this, modules);
  }

  /**
   * The output of every module by name, in order; the last equals that of `call`. An output that nothing
   * reads takes no memory.
   */
  outputs(x: Value, mode?: Mode): Map<string, Value> {
    return this.entered(x, mode, () => this.apply(x));
  }

  protected forward(x: Value): Value {
    return [...this.apply(x).values()].at(-1) ?? x;
  }

  private apply(x: Value): Map<string, Value> {
    const outputs = new Map<string, Value>();
    let value = x;
    for (const [name, module] of Object.entries(this.order)) {
      value = module.call(value);
      outputs.set(name, value);
    }
    return outputs;
  }
}
