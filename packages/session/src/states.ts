/** The states of a store as tensors of a checkpoint, and back, without a copy of them in between. */
import { PIECE_BYTES, piecesOf, readContent, type TensorStream } from '@inplace-abn/checkpoint';
import { byteLength, type HostTensor, type StateSpec, type Store, UsageError } from '@inplace-abn/core';
import type { StateTensors } from '@inplace-abn/interop';

export type { StateTensor, StateTensors } from '@inplace-abn/interop';

/** Bytes that a save or a restore takes in addition to the states: one piece of the largest. */
export function transferBytes(states: readonly StateSpec[]): number {
  return Math.max(0, ...states.map((state) => Math.min(PIECE_BYTES, byteLength(state))));
}

/** The states of some kinds, by name: they are read from the store when they are written to a file. */
export function statesIn(store: Store, ...kinds: readonly StateSpec['kind'][]): Map<string, TensorStream> {
  const wanted = store.specs.filter(({ kind }) => kinds.includes(kind));
  const pieces = sharedPieces(store);
  return new Map(
    wanted.map(({ name, dtype, shape }) => [name, { dtype, shape, pieces: () => pieces.of(name) }]),
  );
}

/**
 * Pieces of states, read one state after the other through one shared buffer. A buffer for each state or
 * checkpoint would take memory until it is collected.
 */
class SharedPieces {
  private room: Uint8Array | null = null;
  private taken = false;

  constructor(private readonly store: Store) {}

  *of(name: string): Generator<Uint8Array> {
    // Another state is being read.
    if (this.taken) return yield* this.store.pieces(name, PIECE_BYTES);
    this.room ??= new Uint8Array(transferBytes(this.store.specs));
    this.taken = true;
    try {
      yield* this.store.pieces(name, this.room.byteLength, this.room);
    } finally {
      this.taken = false;
    }
  }
}

const shared = new WeakMap<Store, SharedPieces>();

function sharedPieces(store: Store): SharedPieces {
  const known = shared.get(store) ?? new SharedPieces(store);
  shared.set(store, known);
  return known;
}

/** All tensors on the host; reads those in files. */
export async function onHost(tensors: StateTensors): Promise<Map<string, HostTensor>> {
  const read = new Map<string, HostTensor>();
  for (const [name, tensor] of tensors) read.set(name, await readContent(name, tensor));
  return read;
}

/** Writes tensors into the states of their names, piece by piece. */
export async function fillStates(store: Store, tensors: StateTensors): Promise<void> {
  for (const [name, tensor] of tensors) {
    if ('data' in tensor) store.write(name, tensor.data);
    else await store.writePieces(name, tensor.dtype, piecesOf(name, tensor));
  }
}

/**
 * The tensors of all states of a store; ignores others.
 *
 * @throws UsageError for one that is missing
 */
export function allStates<T>(store: Store, tensors: ReadonlyMap<string, T>): Map<string, T> {
  const wanted = store.specs.map(({ name }): [string, T] => {
    const tensor = tensors.get(name);
    if (!tensor) throw new UsageError(`no tensor for ${name}: the network cannot be tested without it`);
    return [name, tensor];
  });
  return new Map(wanted);
}
