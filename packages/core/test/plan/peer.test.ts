/** The PyTorch baseline: the memory that a step holds under PyTorch's buffer rules. */
import { expect, it } from 'vitest';
import { IDENTITY } from '../../src/ir/activations.js';
import { Tracer } from '../../src/ir/tracer.js';
import type { Value } from '../../src/ir/value.js';
import { activation } from '../../src/ops/activation.js';
import { add } from '../../src/ops/add.js';
import { avgPool } from '../../src/ops/avg_pool.js';
import { maxPool } from '../../src/ops/max_pool.js';
import { sliceChannels } from '../../src/ops/slice_channels.js';
import { peerBytes } from '../../src/plan/peer.js';
import { ordinaryMapOf } from '../../src/plan/views/ordinary-map.js';
import { abn, classifierStep, conv, LEAKY } from '../support/nets.js';

function activations(body: (x: Value) => Value): number {
  const tracer = new Tracer();
  tracer.output('y', body(tracer.input('x', [1, 4, 2, 2], 'float32')));
  return peerBytes(tracer.finish()).activations;
}

it('counts each value while it is read', () => {
  // x belongs to the host.
  expect(activations((x) => avgPool(avgPool(x, 1), 1))).toBe(64 + 64);
  expect(activations((x) => activation(maxPool(x, 1), LEAKY))).toBe(64 + 64);
});

it('keeps two maps of a residual block: the input of its batch norm, and the activated sum', () => {
  const size = 8;
  const blocks = (count: number): number => {
    const { graph } = classifierStep(2, size, (x) => {
      let y = conv(x, 'stem', 8, 3);
      for (let i = 0; i < count; i++) {
        y = add(abn(conv(y, `conv${i}`, 8, 3), `bn${i}`, IDENTITY), y, LEAKY);
      }
      return y;
    });
    return peerBytes(graph).activations;
  };
  const map = 2 * 8 * size * size * 4;
  const statistics = 2 * 8 * 4;
  expect(blocks(4) - blocks(3)).toBe(2 * map + statistics);
  expect(blocks(5) - blocks(4)).toBe(2 * map + statistics);
});

it('counts no bytes for slices, which are views, but keeps their base alive', () => {
  const upper = (x: Value): Value => sliceChannels(avgPool(x, 1), 2, 2);
  expect(activations((x) => upper(x))).toBe(64);
  expect(activations((x) => avgPool(upper(x), 1))).toBe(64 + 32);
});

it('places the counted buffers next to each other while they are live', () => {
  const tracer = new Tracer();
  let x = tracer.input('x', [1, 16, 8, 8], 'float32');
  for (let i = 0; i < 4; i++) x = activation(maxPool(avgPool(x, 1), 1), LEAKY);
  tracer.output('y', x);
  const graph = tracer.finish();
  const { buffers, arenaBytes, peak } = ordinaryMapOf(graph);
  expect(peak.bytes).toBe(peerBytes(graph).activations);
  expect(arenaBytes).toBeGreaterThanOrEqual(peak.bytes);
  for (const [i, a] of buffers.entries()) {
    for (const b of buffers.slice(i + 1)) {
      const together = a.start <= b.end && b.start <= a.end;
      const disjoint = a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset;
      expect(disjoint || !together).toBe(true);
    }
  }
});
