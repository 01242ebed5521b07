/** States as checkpoint streams: states that are read in turn share one buffer. */
import { cpu, type StateSpec, Store } from '@inplace-abn/core';
import { expect, it } from 'vitest';
import { statesIn } from '../src/index.js';

const SIZES = { first: 3, second: 5, third: 2 };

function storeOf(): Store {
  const specs = Object.entries(SIZES).map(([name, size]): StateSpec => {
    return { name, kind: 'parameter', dtype: 'float32', shape: [size] };
  });
  const store = new Store(cpu(), specs);
  for (const { name } of specs) store.write(name, contentOf(name));
  return store;
}

const sizeOf = (name: string) => Object.entries(SIZES).find(([other]) => other === name)?.[1] ?? 0;
const contentOf = (name: string) => Float32Array.from({ length: sizeOf(name) }, (_, i) => name.length + i);

/** The pieces of a state, as a synchronous generator. */
function piecesIn(states: ReturnType<typeof statesIn>, name: string): Generator<Uint8Array> {
  const pieces = states.get(name)?.pieces() ?? [];
  if (!(Symbol.iterator in pieces)) throw new TypeError('expected pieces at once');
  return (function* () {
    yield* pieces;
  })();
}

it('states that are read in turn share a buffer, even for several files', () => {
  const store = storeOf();
  const buffers = new Set<ArrayBufferLike>();
  for (const states of [statesIn(store, 'parameter'), statesIn(store, 'parameter')]) {
    for (const name of states.keys()) {
      for (const piece of piecesIn(states, name)) {
        buffers.add(piece.buffer);
        expect(new Float32Array(piece.slice().buffer)).toEqual(contentOf(name));
      }
    }
  }
  expect(buffers.size).toBe(1);
});

it('states that are read at the same time do not share a buffer', () => {
  const states = statesIn(storeOf(), 'parameter');
  const [one, other] = ['first', 'second'].map((name) => piecesIn(states, name).next().value);
  if (!one || !other) return expect.fail('no pieces');
  expect(new Float32Array(one.slice().buffer)).toEqual(contentOf('first'));
  expect(new Float32Array(other.slice().buffer)).toEqual(contentOf('second'));
});
