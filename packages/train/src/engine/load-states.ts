import { type HostTensor, type Store, UsageError } from '@inplace-abn/core';

/** Fills every state of the store; tensors that it does not hold are passed over. Throws UsageError for one that is missing. */
export function loadStates(store: Store, tensors: ReadonlyMap<string, HostTensor>): void {
  for (const { name } of store.specs) {
    const tensor = tensors.get(name);
    if (!tensor) throw new UsageError(`no tensor for ${name}: the network cannot be tested without it`);
    store.write(name, tensor.data);
  }
}
