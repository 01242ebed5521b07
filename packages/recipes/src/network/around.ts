import { type AnyModule, Module, type Signals } from '@inplace-abn/nn';

/** A module around a network: states and layers keep the names that they have in the network. */
export abstract class Around<In extends Signals> extends Module<In> {
  constructor(protected readonly network: Module) {
    super();
  }

  override *modules(path = ''): Generator<[string, AnyModule]> {
    yield [path, this];
    yield* this.network.modules(path);
  }
}
