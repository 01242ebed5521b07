import { join } from 'node:path';
import { type TensorMap, writeStateDict } from '@inplace-abn/checkpoint';
import { cpu, type HostTensor } from '@inplace-abn/core';
import { initialStateOf, networkOf, planReport } from '@inplace-abn/recipes';
import { beforeAll, describe, expect, it } from 'vitest';
import { configOf } from '../../../../packages/recipes/test/support/runs.js';
import { temporaryFolder } from '../../../../packages/train/test/support/images.js';
import { auditCheckpoint, formatAudit } from '../../src/plan/audit.js';

const LAYER = 'mod3.block1.convs.bn1';
const config = configOf({ network: { precision: 'bfloat16' } });

describe('auditCheckpoint', () => {
  let healthy: string;
  let coarse: string;

  beforeAll(async () => {
    const folder = await temporaryFolder();
    [healthy, coarse] = [join(folder, 'healthy.safetensors'), join(folder, 'coarse.safetensors')];
    const tensors = new Map(initialStateOf(networkOf(config.network), config.network, 1));
    await writeStateDict(healthy, tensors as TensorMap);
    const filled = (name: string, value: number): HostTensor => {
      const tensor = tensors.get(name);
      if (!tensor) throw new Error(`no ${name}`);
      return { ...tensor, data: new Float32Array(tensor.data.length).fill(value) };
    };
    for (const [leaf, value] of [['weight', 1e-3] as const, ['bias', 1] as const]) {
      tensors.set(`${LAYER}.${leaf}`, filled(`${LAYER}.${leaf}`, value));
    }
    await writeStateDict(coarse, tensors as TensorMap);
  });

  it('finds a layer whose scale is small relative to its shift, and says how to keep its input', async () => {
    const audit = await auditCheckpoint(config, coarse, cpu(), 0.1);
    expect(audit.keep).toEqual([LAYER]);
    expect(audit.inversions[0]).toMatchObject({ path: LAYER, op: 'abn_apply' });
    expect(audit.inversions[0]?.error).toBeGreaterThan(0.3);
    expect(audit.inversions[1]?.error).toBeLessThan(0.05);
    expect(formatAudit(audit)).toContain(`"keep_inputs": ["${LAYER}"]`);
    const kept = { ...config, network: { ...config.network, keep_inputs: audit.keep as string[] } };
    const sourceOf = (of: typeof config) =>
      planReport(of, 8, cpu()).plan.instructions.find(
        ({ node }) => node.op.name === 'abn_backward_reduce' && node.path === LAYER,
      )?.node.attrs.from;
    expect([sourceOf(config), sourceOf(kept)]).toEqual(['z', 'x']);
  });

  it('finds nothing if no error is large', async () => {
    const audit = await auditCheckpoint(config, healthy, cpu(), 0.1);
    expect(audit.keep).toEqual([]);
    expect(audit.inversions.length).toBeGreaterThan(10);
    expect(formatAudit(audit)).toContain('none is above 0.1');
  });

  it('refuses an unknown layer', () => {
    const wrong = { ...config, network: { ...config.network, keep_inputs: ['mod9.bn1'] } };
    expect(() => planReport(wrong, 8, cpu())).toThrow(
      /nothing is inverted at mod9\.bn1: keep names layers such as mod/,
    );
  });
});
