import { describe, expect, it } from 'vitest';
import { configOf } from '../../../../packages/recipes/test/support/runs.js';
import { scaling } from '../../src/plan/scaling.js';
import type { ScalingFlags } from '../../src/plan/scaling-options.js';

const FLAGS: ScalingFlags = {
  nodes: [4],
  perNode: 2,
  bandwidth: 1.25e7,
  latency: 1e-3,
  nodeBandwidth: 1.25e9,
  nodeLatency: 1e-5,
  topology: 'ring',
  stepTime: 0.2,
  saveEvery: 3600,
  saveTime: 10,
  restartTime: 300,
};
const question = { name: 'small', config: configOf({ optimizer: { batch_size: 32 } }), batch: null };

describe('scaling', () => {
  it('prints the time of a step and of its alternatives', async () => {
    const text = await scaling([question], { ...FLAGS, mtbf: 100 * 86_400 });
    expect(text).toContain('batch 4 on each of 8 processes: 32 images a step');
    expect(text).toContain(
      '4 nodes of 2 processes; ring, 100 Mbit/s and 1 ms between nodes, 10 Gbit/s and 10 µs within',
    );
    expect(text).toContain('times of instructions: 200 ms for a process alone');
    expect(text).toMatch(/^topologies: ring [\d.]+ ms \([\d.]+ %\), tree .*, hierarchical /m);
    expect(text).toMatch(/^90 % is reached from batch \d+ per process$/m);
    expect(text).toMatch(/^failures: 0\.04 a day; of 24 h, 23\.\d+ h are kept/m);
  });

  it('uses a hierarchy if nodes have several processes, else a ring', async () => {
    const flags = { ...FLAGS, topology: 'hierarchical' } as const;
    expect(await scaling([question], flags)).toContain('4 nodes of 2 processes; hierarchical, ');
    expect(await scaling([question], { ...flags, perNode: 1 })).toContain('4 nodes of 1 process; ring, ');
  });

  it('can be a JSON object whose parts add up', async () => {
    const { report, choices, failures } = JSON.parse(await scaling([question], { ...FLAGS, json: true }));
    const { seconds, computing, exchanging, waiting } = report.timeline;
    expect(computing + exchanging + waiting).toBeCloseTo(seconds, 9);
    expect(report.efficiency).toBeCloseTo(report.local / seconds, 9);
    expect(choices.topologies.ring).toBeCloseTo(seconds, 9);
    expect(choices.overlapped).toBeLessThanOrEqual(seconds);
    expect(failures).toBeNull();
  });

  it('prints one line per cluster in Markdown', async () => {
    const flags = { ...FLAGS, nodes: [1, 2, 4], perNode: 1, markdown: true };
    const lines = (await scaling([{ ...question, batch: 8 }], flags)).split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(/^\| configuration \| +devices \| images a step \|/);
    expect(lines[2]).toMatch(/^\| small +\| +1 \| +8 \| +200 ms \| +0 µs \| +0 µs \| +40 \| +100\.0 % \|/);
  });

  it('needs an image per process, and both numbers of a device', async () => {
    await expect(scaling([question], { ...FLAGS, nodes: [64] })).rejects.toThrow(
      'optimizer.batch_size is 32, less than one image for each of 128 processes',
    );
    await expect(scaling([question], { ...FLAGS, deviceFlops: 1e12 })).rejects.toThrow('go together');
  });
});
