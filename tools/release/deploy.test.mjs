import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inRoot } from '../../scripts/lib/paths.mjs';

const read = (name) => readFileSync(inRoot('deploy', name), 'utf8');

describe('files to deploy with', () => {
  it('a Job has as many pods as processes', () => {
    const job = read('kubernetes.yaml');
    const [, pods] = /completions: (\d+)/.exec(job);
    expect(/parallelism: (\d+)/.exec(job)[1]).toBe(pods);
    expect(/name: WORLD_SIZE\s+value: "(\d+)"/.exec(job)[1]).toBe(pods);
    expect(job).toContain('value: abn-0.abn');
    // Kubernetes takes no tabs, and a document without a kind is refused.
    expect(job).not.toContain('\t');
    expect(job.split('\n---\n').map((part) => /^kind: (\w+)$/m.exec(part)[1])).toEqual(['Service', 'Job']);
  });

  it('the image runs the program where the Job expects it, and not as root', () => {
    const [, program] = /"(\/opt\/\S+\.js)"/.exec(read('Dockerfile'));
    expect(read('kubernetes.yaml')).toContain(`node ${program}`);
    expect(read('Dockerfile')).toMatch(/^USER node$/m);
  });

  it('the batch script is a shell script that asks for its arguments', () => {
    const { status, stderr } = spawnSync('bash', [inRoot('deploy', 'slurm.sbatch')], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([2, 'usage: sbatch slurm.sbatch CONFIG DIR RUN\n']);
  });
});
