import { describe, expect, it } from 'vitest';
import type { ActivationAttributes } from '../../src/ir/activations.js';
import type { Graph } from '../../src/ir/graph.js';
import { formatNode } from '../../src/ir/text.js';
import type { Value } from '../../src/ir/value.js';
import { add } from '../../src/ops/add.js';
import { prune } from '../../src/passes/prune.js';
import { type Rebuilt, rebuild } from '../../src/passes/rebuild.js';
import { abn, classifierStep, conv, LEAKY, residualStep } from '../support/nets.js';

const RELU: ActivationAttributes = { activation: 'relu', slope: 0 };
const IDENTITY: ActivationAttributes = { activation: 'identity', slope: 0 };

function rebuilt(body: (x: Value) => Value, enabled = true): Rebuilt {
  return rebuild(prune(classifierStep(2, 8, body).graph), { enabled });
}

interface BlockOptions {
  readonly statistics?: 'batch' | 'fixed';
  readonly termIsRead?: boolean;
}

/** A residual block with ordinary batch norm and relu. */
function reluBlock({ statistics = 'fixed', termIsRead = false }: BlockOptions): (x: Value) => Value {
  return (x) => {
    const bn = (value: Value, name: string, act: ActivationAttributes) =>
      abn(value, name, act, 'plain', statistics);
    const a = bn(conv(x, 'conv1', 4, 3), 'bn1', RELU);
    const b = bn(conv(a, 'conv2', 4, 3), 'bn2', IDENTITY);
    const sum = add(b, a, RELU);
    return termIsRead ? add(sum, b) : sum;
  };
}

const decisions = ({ decisions }: Rebuilt): string[] =>
  decisions.map(({ producer, choice, through }) => {
    const name = producer ? `${producer.op.name} @${producer.path}` : 'input';
    return `${choice} ${name}${through ? ` through ${through.op.name} @${through.path}` : ''}`;
  });

const backward = (graph: Graph): string[] =>
  graph.nodes.filter(({ phase }) => phase === 'backward').map((node) => formatNode(graph, node));

describe('rebuild', () => {
  it('lets the in-place layer read its output', () => {
    const result = rebuilt((x) => abn(conv(x, 'conv', 4, 3), 'bn'));
    expect(decisions(result)).toMatchInlineSnapshot(`
      [
        "absorb conv2d @conv through abn_apply @bn",
        "keep abn_stats @bn",
        "keep abn_stats @bn",
        "keep abn_apply @bn",
        "keep global_avg_pool @",
        "keep linear @",
      ]
    `);
    expect(backward(result.graph).filter((line) => line.includes('abn_'))).toMatchInlineSnapshot(`
      [
        "%25:float32[4], %26:float32[4] = abn_backward_reduce(%24, %15, %5, %6, %13, %14) {activation: leaky_relu, slope: 0.1, eps: 0.001, scale: abs, from: z} @bn",
        "%27:float32[4] = abn_backward_weight(%26, %13) {scale: abs} @bn",
        "%28:float32[2,4,8,8] = abn_backward_apply(%24, %15, %5, %6, %13, %14, %25, %26) {activation: leaky_relu, slope: 0.1, eps: 0.001, scale: abs, from: z, statistics: batch, count: 128} @bn",
      ]
    `);
  });

  it('keeps the input of the ordinary layer, whose γ may be zero', () => {
    expect(
      decisions(rebuilt((x) => abn(conv(x, 'conv', 4, 3), 'bn', LEAKY, 'plain'))),
    ).toMatchInlineSnapshot(`
      [
        "keep conv2d @conv",
        "keep abn_stats @bn",
        "keep abn_stats @bn",
        "keep global_avg_pool @",
        "keep linear @",
      ]
    `);
  });

  it('keeps the input of relu, which has no inverse', () => {
    expect(decisions(rebuilt((x) => abn(conv(x, 'conv', 4, 3), 'bn', RELU)))).toContain('keep conv2d @conv');
  });

  it('inverts a residual sum for one term, given the other', () => {
    const result = rebuild(prune(residualStep().graph));
    expect(decisions(result)).toMatchInlineSnapshot(`
      [
        "absorb conv2d @stem.conv through abn_apply @stem.bn",
        "absorb conv2d @block.conv1 through abn_apply @block.bn1",
        "absorb conv2d @block.conv2 through abn_apply @block.bn2",
        "invert abn_apply @block.bn2 through add @block",
        "keep abn_stats @stem.bn",
        "keep abn_stats @stem.bn",
        "keep abn_apply @stem.bn",
        "keep max_pool @stem",
        "keep max_pool @stem",
        "keep abn_stats @block.bn1",
        "keep abn_stats @block.bn1",
        "keep abn_apply @block.bn1",
        "keep abn_stats @block.bn2",
        "keep abn_stats @block.bn2",
        "keep add @block",
        "keep global_avg_pool @",
        "keep linear @",
      ]
    `);
    expect(backward(result.graph)).toMatchInlineSnapshot(`
      [
        "%49:float32[] = constant() {value: 1, shape: [], dtype: float32}",
        "%50:float32[2,5] = cross_entropy_backward(%47, %1, %49) {ignore_index: -100, label_smoothing: 0}",
        "%51:float32[2,8] = linear_backward_data(%50, %46)",
        "%52:float32[5,8] = linear_backward_weights(%45, %50)",
        "%53:float32[2,8,4,4] = global_avg_pool_backward(%51) {size: [4,4]}",
        "%54:float32[2,8,4,4] = activation_backward(%53, %44) {activation: leaky_relu, slope: 0.1} @block",
        "%104:float32[2,8,4,4] = add_invert(%44, %16) {activation: leaky_relu, slope: 0.1} @block",
        "%55:float32[8], %56:float32[8] = abn_backward_reduce(%54, %104, %33, %34, %41, %42) {activation: identity, slope: 0, eps: 0.001, scale: abs, from: z} @block.bn2",
        "%57:float32[8] = abn_backward_weight(%56, %41) {scale: abs} @block.bn2",
        "%58:float32[2,8,4,4] = abn_backward_apply(%54, %104, %33, %34, %41, %42, %55, %56) {activation: identity, slope: 0, eps: 0.001, scale: abs, from: z, statistics: batch, count: 32} @block.bn2",
        "%59:float32[2,4,4,4] = conv2d_backward_data(%58, %31) {stride: [1,1], padding: [1,1], dilation: [1,1], groups: 1, size: [4,4]} @block.conv2",
        "%60:float32[8,4,3,3] = conv2d_backward_weights(%30, %58) {stride: [1,1], padding: [1,1], dilation: [1,1], groups: 1, kernel: [3,3]} @block.conv2",
        "%61:float32[4], %62:float32[4] = abn_backward_reduce(%59, %30, %20, %21, %28, %29) {activation: leaky_relu, slope: 0.1, eps: 0.001, scale: abs, from: z} @block.bn1",
        "%63:float32[4] = abn_backward_weight(%62, %28) {scale: abs} @block.bn1",
        "%64:float32[2,4,4,4] = abn_backward_apply(%59, %30, %20, %21, %28, %29, %61, %62) {activation: leaky_relu, slope: 0.1, eps: 0.001, scale: abs, from: z, statistics: batch, count: 32} @block.bn1",
        "%65:float32[2,8,4,4] = conv2d_backward_data(%64, %18) {stride: [1,1], padding: [0,0], dilation: [1,1], groups: 1, size: [4,4]} @block.conv1",
        "%66:float32[4,8,1,1] = conv2d_backward_weights(%16, %64) {stride: [1,1], padding: [0,0], dilation: [1,1], groups: 1, kernel: [1,1]} @block.conv1",
        "%67:float32[2,8,4,4] = add(%54, %65) {activation: identity, slope: 0} @block.conv1",
        "%68:float32[2,8,8,8] = max_pool_backward(%67, %17) {kernel: [2,2], stride: [2,2], padding: [0,0], ceil: false, size: [8,8]} @stem",
        "%69:float32[8], %70:float32[8] = abn_backward_reduce(%68, %15, %5, %6, %13, %14) {activation: leaky_relu, slope: 0.1, eps: 0.001, scale: abs, from: z} @stem.bn",
        "%71:float32[8] = abn_backward_weight(%70, %13) {scale: abs} @stem.bn",
        "%72:float32[2,8,8,8] = abn_backward_apply(%68, %15, %5, %6, %13, %14, %69, %70) {activation: leaky_relu, slope: 0.1, eps: 0.001, scale: abs, from: z, statistics: batch, count: 128} @stem.bn",
        "%73:float32[8,3,3,3] = conv2d_backward_weights(%0, %72) {stride: [1,1], padding: [1,1], dilation: [1,1], groups: 1, kernel: [3,3]} @stem.conv",
      ]
    `);
  });

  it('keeps neither the input of relu nor a term of a sum before it if the statistics are fixed', () => {
    const result = rebuilt(reluBlock({}));
    expect(decisions(result).filter((text) => !text.startsWith('keep'))).toMatchInlineSnapshot(`
      [
        "absorb conv2d @conv1 through abn_apply @bn1",
        "absorb conv2d @conv2 through abn_apply @bn2",
        "invert abn_apply @bn2 through add @",
      ]
    `);
    expect(backward(result.graph).filter((line) => line.endsWith('@bn2'))).toMatchInlineSnapshot(`
      [
        "%30:float32[4], %31:float32[4] = abn_backward_reduce(%29, %63, %13, %14, %16, %17) {activation: identity, slope: 0, eps: 0.001, scale: plain, from: z} @bn2",
        "%32:float32[4] = abn_backward_weight(%31, %16) {scale: plain} @bn2",
        "%33:float32[2,4,8,8] = abn_backward_apply(%29, _, %13, %14, %16, %17, _, _) {activation: identity, slope: 0, eps: 0.001, scale: plain, from: x, statistics: fixed, count: 128} @bn2",
      ]
    `);
  });

  it('keeps a term of a sum before relu if another reader has other gradients', () => {
    const through = (options: BlockOptions) =>
      decisions(rebuilt(reluBlock(options))).filter((text) => text.includes('through add'));
    expect(through({})).toHaveLength(1);
    // The gradient of a term with another reader is not zero where relu is inactive.
    expect(through({ termIsRead: true })).toEqual([]);
    expect(through({ statistics: 'batch' })).toEqual([]);
  });

  it('never inverts both terms of a sum', () => {
    const result = rebuilt((x) => {
      const a = abn(conv(x, 'conv1', 4, 3), 'bn1');
      const b = abn(conv(x, 'conv2', 4, 3), 'bn2');
      return add(a, b, LEAKY);
    });
    expect(decisions(result).filter((text) => text.includes('through add'))).toHaveLength(1);
  });

  it('does not rebuild a value from itself', () => {
    const result = rebuilt((x) => {
      const shared = conv(x, 'conv', 4, 3);
      return conv(add(conv(shared, 'side', 4, 3), add(shared, shared)), 'last', 4, 3);
    });
    expect(decisions(result)).toContain('keep conv2d @conv');
  });

  it('keeps a term if relu follows the sum', () => {
    const result = rebuilt((x) => {
      const a = abn(conv(x, 'conv1', 4, 3), 'bn1');
      return add(abn(conv(a, 'conv2', 4, 3), 'bn2', IDENTITY), a, RELU);
    });
    expect(decisions(result).filter((text) => text.includes('through add'))).toEqual([]);
  });

  it('does not confuse two layers on the same value', () => {
    const result = rebuilt((x) => {
      const shared = conv(x, 'conv', 4, 3);
      return add(abn(shared, 'bn1'), abn(shared, 'bn2'));
    });
    expect(decisions(result)).toContain('keep conv2d @conv');
    expect(decisions(result).filter((text) => text.startsWith('absorb'))).toEqual([]);
    expect(backward(result.graph).filter((line) => line.includes('from: z'))).toEqual([]);
  });

  it('does not absorb if another op reads the value too', () => {
    const result = rebuilt((x) => {
      const shared = conv(x, 'conv', 4, 3);
      return add(abn(shared, 'bn'), conv(shared, 'side', 4, 1));
    });
    expect(decisions(result)).toContain('keep conv2d @conv');
  });

  it('keeps every value if disabled', () => {
    const result = rebuild(prune(residualStep().graph), { enabled: false });
    expect(result.decisions.every(({ choice }) => choice === 'keep')).toBe(true);
    expect(result.graph.nodes.some(({ rebuilds }) => rebuilds)).toBe(false);
  });
});
