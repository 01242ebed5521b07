import { UsageError, type Value } from '@inplace-abn/core';
import { type AnyModule, Module } from '../module.js';

/** torch.nn.ModuleList: modules named by index, for a module that calls them itself. */
export class ModuleList<M extends AnyModule = Module> extends Module {
  /** Names the modules by their index. */
  constructor(
    /** Its modules; their names are 0, 1, …. */
    readonly list: readonly M[],
  ) {
    super();
    Object.assign(this, { ...list });
  }

  /** @throws UsageError if there is no entry `index` */
  at(index: number): M {
    const module = this.list[index];
    if (module) return module;
    throw new UsageError(`a ModuleList of ${this.list.length} modules has none at ${index}`);
  }

  protected forward(): Value {
    throw new UsageError('a ModuleList cannot be called: call its entries');
  }
}
