/** Choosing values to recompute: by work if there are no prices, else by the seconds of a price list. */
import { describe, expect, it } from 'vitest';
import { type CompileOptions, compile } from '../../src/compile/compile.js';
import { formatGraph } from '../../src/ir/text.js';
import type { Value } from '../../src/ir/value.js';
import { cpu } from '../../src/native/cpu.js';
import { add } from '../../src/ops/add.js';
import type { Plan } from '../../src/plan/plan.js';
import { type PriceList, priceListOf } from '../../src/prices/price-list.js';
import { workOf } from '../../src/recompute/work.js';
import { abn, classifierStep, conv, LEAKY, loadStep } from '../support/nets.js';

/** Some blocks have a wide inner convolution, others a narrow one; values of both may be recomputed. */
const step = classifierStep(4, 16, (x) => {
  const block = (value: Value, index: number): Value =>
    value.tracer.within(`block${index}`, () => {
      const inner = abn(conv(value, 'conv1', index % 2 === 0 ? 8 : 16, 3), 'bn1');
      return add(abn(conv(inner, 'conv2', 8, 3), 'bn2', { activation: 'identity', slope: 0 }), value, LEAKY);
    });
  return [0, 1, 2, 3, 4, 5].reduce(block, abn(conv(x, 'stem', 8, 3), 'bn'));
});
const device = cpu();
const whole = compile(step.graph, device, { spare: 0 });
const budget = Math.floor(0.8 * whole.arenaBytes);
const MACHINE = { machine: device.machine, version: '0', balance: device.balance };

/** Seconds in proportion to work, multiplied by a factor for some nodes. */
function pricesOf(plan: Plan, factorOf: (channels: number) => number = () => 1): PriceList {
  const { graph, instructions } = plan;
  const seconds = instructions.map(({ node }) => {
    const channels = graph.values.get(node.outputs[0] ?? -1)?.shape[1] ?? 0;
    return workOf(graph, node, device.balance) * 2 ** -30 * factorOf(channels);
  });
  return priceListOf(MACHINE, [[plan, seconds]]);
}

async function trained(options: CompileOptions) {
  const { program, store, inputs, plan } = loadStep(step, device, { spare: 0, budget, ...options });
  const { outputs } = await program.run(inputs);
  const recomputed = plan.rebuilds.filter(({ choice }) => choice === 'recompute');
  return {
    text: formatGraph(plan.graph),
    arenaBytes: plan.arenaBytes,
    recomputed: recomputed.map(({ producer }) => producer?.path),
    results: { loss: outputs.loss?.[0], states: store.stateDict() },
  };
}

describe('recompute by prices', () => {
  it('equals the choice by work if seconds are proportional to it', async () => {
    const byWork = await trained({});
    const byPrices = await trained({ prices: pricesOf(whole) });
    expect(byPrices.text).toBe(byWork.text);
  });

  it('avoids slow instructions, and gives the same bits', async () => {
    const narrow = await trained({ prices: pricesOf(whole, (channels) => (channels === 16 ? 100 : 1)) });
    const wide = await trained({ prices: pricesOf(whole, (channels) => (channels === 16 ? 0.01 : 1)) });
    const ofWide = (paths: readonly (string | undefined)[]) =>
      paths.filter((path) => /block[135]\.bn1/.test(path ?? '')).length;
    expect(ofWide(wide.recomputed)).toBeGreaterThan(ofWide(narrow.recomputed));
    for (const { arenaBytes } of [narrow, wide]) expect(arenaBytes).toBeLessThanOrEqual(budget);
    expect(wide.results).toEqual(narrow.results);
    expect(wide.results).toEqual((await trained({})).results);
  });
});
