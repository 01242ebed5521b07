/** Small dense blocks: chains of joins with layers in between. */

import type { Value } from '../../src/ir/value.js';
import { avgPool } from '../../src/ops/avg_pool.js';
import { concat } from '../../src/ops/concat.js';
import { maxPool } from '../../src/ops/max_pool.js';
import { abn, classifierStep, conv, LEAKY, type Step } from './nets.js';

/**
 * Repeats `layers` times: bn, 1×1 convolution, bn, 3×3 convolution to `growth` channels, joined with its
 * input.
 */
export function denseBlock(x: Value, name: string, layers: number, growth: number): Value {
  return x.tracer.within(name, () => {
    let features = x;
    for (let i = 0; i < layers; i++) {
      const wide = conv(abn(features, `bn1_${i}`), `conv1_${i}`, 2 * growth, 1);
      features = concat([features, conv(abn(wide, `bn2_${i}`), `conv2_${i}`, growth, 3)]);
    }
    return features;
  });
}

/**
 * A dense network: stem with max pooling, two blocks with a transition (average pooling) in between, and a
 * final bn.
 */
export function denseStep(
  layers: readonly [number, number],
  scale: 'abs' | 'plain' = 'abs',
  growth = 3,
  batch = 2,
): Step {
  return classifierStep(batch, 12, (x) => {
    const stem = maxPool(abn(conv(x, 'stem', 5, 3), 'stem.bn', LEAKY, scale), 3, { stride: 2, padding: 1 });
    const first = abn(denseBlock(stem, 'mod1', layers[0], growth), 'tra.bn', LEAKY, scale);
    const between = avgPool(conv(first, 'tra.conv', 7, 1), 2);
    return abn(denseBlock(between, 'mod2', layers[1], growth), 'bn_out', LEAKY, scale);
  });
}
