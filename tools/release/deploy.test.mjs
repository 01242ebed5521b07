import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { inRoot } from '../../scripts/lib/paths.mjs';

const read = (name) => readFileSync(inRoot('deploy', name), 'utf8');
const guide = readFileSync(inRoot('docs', 'many-processes.md'), 'utf8');

/** Failures of the whole Job that restarting all its pods must survive. */
const FAILURES = 25;

describe('the deployment files', () => {
  it('give a Job as many pods as processes', () => {
    const job = read('kubernetes.yaml');
    const [, pods] = /completions: (\d+)/.exec(job);
    expect(/parallelism: (\d+)/.exec(job)[1]).toBe(pods);
    expect(/name: WORLD_SIZE\s+value: "(\d+)"/.exec(job)[1]).toBe(pods);
    expect(job).toContain('value: abn-0.abn');
    // Kubernetes takes no tabs, and a document without a kind is refused.
    expect(job).not.toContain('\t');
    expect(job.split('\n---\n').map((part) => /^kind: (\w+)$/m.exec(part)[1])).toEqual(['Service', 'Job']);
  });

  it('let a Job restart the stated number of times', () => {
    const job = read('kubernetes.yaml');
    const [, pods] = /completions: (\d+)/.exec(job);
    expect(Number(/backoffLimit: (\d+)/.exec(job)[1])).toBe(FAILURES * Number(pods));
    expect(job).toContain(`each restart counts: ${FAILURES} failures.`);
  });

  it("take the Job's secret from the cluster", () => {
    const [, name, key] = /- name: IABN_SECRET\s+valueFrom:\s+secretKeyRef:\s+name: (\S+)\s+key: (\S+)/.exec(
      read('kubernetes.yaml'),
    );
    expect(guide).toContain(`- a Secret \`${name}\`,`);
    expect(guide).toContain(`kubectl create secret generic ${name} --from-file=${key}=/dev/stdin`);
  });

  it('match the guide in the claims of a Job and their mounts', () => {
    const job = read('kubernetes.yaml');
    const claims = [...job.matchAll(/claimName: (\S+)/g)].map(([, name]) => name);
    expect(claims).toEqual(['data', 'runs']);
    for (const name of claims)
      expect(guide).toMatch(new RegExp(`^- a claim \`${name}\` .*ReadWriteMany`, 'm'));
  });

  it('run the program at the path that the Job expects, and not as root', () => {
    const [, program] = /"(\/opt\/\S+\.js)"/.exec(read('Dockerfile'));
    expect(read('kubernetes.yaml')).toContain(`node ${program}`);
    expect(read('Dockerfile')).toMatch(/^USER node$/m);
  });

  it('include a batch script that requires its arguments', () => {
    const { status, stderr } = spawnSync('bash', [inRoot('deploy', 'slurm.sbatch')], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([2, 'usage: sbatch slurm.sbatch CONFIG DIR RUN\n']);
  });

  it('include a batch script that gives all processes one random secret', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'deploy-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    // Stands in for Slurm's srun.
    writeFileSync(path.join(folder, 'srun'), '#!/bin/sh\necho "$IABN_SECRET $*"\n', { mode: 0o755 });
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const args = [inRoot('deploy', 'slurm.sbatch'), 'config.json', 'data', 'run'];
    const said = [1, 2].map(() => spawnSync('bash', args, { env, encoding: 'utf8' }).stdout);
    for (const line of said)
      expect(line).toMatch(/^[0-9a-f]{32} .* train config\.json data --log-dir run --continue\n$/);
    expect(said[0]).not.toBe(said[1]);
  });
});
