import { UsageError, type Value } from '@inplace-abn/core';
import { type Mode, Module } from '../module.js';

/** torch.nn.ModuleList: modules named by their index, for a module that applies them by itself. */
export class ModuleList<M extends Module = Module> extends Module {
  constructor(readonly list: readonly M[]) {
    super();
    Object.assign(this, { ...list });
  }

  /** Applies entry `index`; `name` is what the list is called in the module that holds it. */
  callAt(index: number, x: Value, mode: Mode, name: string): Value {
    const module = this.list[index];
    if (!module)
      throw new UsageError(`${name} has ${this.list.length} modules but number ${index} was called`);
    return module.call(x, mode, `${name}.${index}`);
  }

  protected forward(): Value {
    throw new UsageError('a ModuleList is not a function: call its entries with callAt');
  }
}
