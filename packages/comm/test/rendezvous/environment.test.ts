import { describe, expect, it } from 'vitest';
import { appointmentOf } from '../../src/index.js';
import { firstHost } from '../../src/rendezvous/node-list.js';

describe('appointmentOf', () => {
  it('is null for a single process', () => {
    expect(appointmentOf({})).toBeNull();
    expect(appointmentOf({ SLURM_PROCID: '0', SLURM_NTASKS: '4' })).toBeNull();
    const step = { SLURM_STEP_ID: '0', SLURM_PROCID: '0', SLURM_STEP_NUM_TASKS: '1' };
    expect(appointmentOf(step)).toBeNull();
    expect(appointmentOf({ OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '1' })).toBeNull();
  });

  it('treats an empty variable as unset', () => {
    expect(appointmentOf({ RANK: '', WORLD_SIZE: '', MASTER_ADDR: '' })).toBeNull();
    const slurm = { SLURM_STEP_ID: '0', SLURM_PROCID: '1', SLURM_NTASKS: '2', SLURM_NODELIST: 'node[1-2]' };
    const empty = { RANK: '', WORLD_SIZE: '', MASTER_ADDR: '', MASTER_PORT: '', SLURM_STEP_NUM_TASKS: '' };
    expect(appointmentOf({ ...slurm, ...empty })).toMatchObject({
      placement: { rank: 1, size: 2 },
      master: { host: 'node1' },
    });
  });

  it.each([
    ['LOCAL_RANK', { RANK: '3', WORLD_SIZE: '4', MASTER_ADDR: 'a' }],
    ['SLURM_LOCALID', { SLURM_STEP_ID: '0', SLURM_PROCID: '1', SLURM_NTASKS: '2', SLURM_NODELIST: 'a' }],
    [
      'OMPI_COMM_WORLD_LOCAL_RANK',
      { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '2', MASTER_ADDR: 'a' },
    ],
  ])('uses the given local rank if %s is not set', (name, env) => {
    expect(appointmentOf(env, 3)?.placement.localRank).toBe(3);
    expect(appointmentOf({ ...env, [name]: '1' }, 3)?.placement.localRank).toBe(1);
  });

  it("reads torchrun's variables", () => {
    const env = { RANK: '3', WORLD_SIZE: '8', LOCAL_RANK: '1', MASTER_ADDR: 'node1', MASTER_PORT: '1234' };
    expect(appointmentOf(env)).toEqual({
      placement: { rank: 3, size: 8, localRank: 1 },
      master: { host: 'node1', port: 1234 },
      launcher: 'environment',
    });
    expect(appointmentOf({ ...env, MASTER_PORT: undefined })?.master.port).toBe(29500);
    expect(appointmentOf({ ...env, LOCAL_RANK: undefined })?.placement.localRank).toBe(0);
    expect(appointmentOf({ ...env, IABN_MASTER_PORT: '99' })?.master.port).toBe(99);
  });

  it("avoids the port of torchrun's agent", () => {
    const env = {
      RANK: '0',
      WORLD_SIZE: '2',
      MASTER_ADDR: 'a',
      MASTER_PORT: '500',
      TORCHELASTIC_RUN_ID: 'none',
      TORCHELASTIC_USE_AGENT_STORE: 'True',
    };
    expect(appointmentOf(env)).toMatchObject({ launcher: 'torchrun', master: { port: 501 } });
    const own = { ...env, TORCHELASTIC_USE_AGENT_STORE: 'False' };
    expect(appointmentOf(own)?.master.port).toBe(500);
  });

  it("reads Slurm's variables in a step", () => {
    const env = {
      SLURM_JOB_ID: '4711',
      SLURM_STEP_ID: '0',
      SLURM_PROCID: '2',
      SLURM_STEP_NUM_TASKS: '4',
      SLURM_LOCALID: '1',
      SLURM_STEP_NODELIST: 'gpu[07-08,11]',
    };
    const appointment = appointmentOf(env);
    expect(appointment).toMatchObject({
      placement: { rank: 2, size: 4, localRank: 1 },
      master: { host: 'gpu07' },
      launcher: 'slurm',
    });
    const port = appointment?.master.port ?? 0;
    expect(port).toBeGreaterThanOrEqual(20000);
    expect(port).toBeLessThan(30000);
    expect(appointmentOf({ ...env, SLURM_JOB_ID: '4712' })?.master.port).not.toBe(port);
    expect(appointmentOf({ ...env, MASTER_ADDR: 'x', MASTER_PORT: '7' })?.master).toEqual({
      host: 'x',
      port: 7,
    });
  });

  it("reads Open MPI's variables", () => {
    const env = {
      OMPI_COMM_WORLD_RANK: '1',
      OMPI_COMM_WORLD_SIZE: '2',
      OMPI_COMM_WORLD_LOCAL_RANK: '1',
      OMPI_COMM_WORLD_LOCAL_SIZE: '2',
    };
    expect(appointmentOf(env)).toEqual({
      placement: { rank: 1, size: 2, localRank: 1 },
      master: { host: '127.0.0.1', port: 29500 },
      launcher: 'openmpi',
    });
    const remote = { ...env, OMPI_COMM_WORLD_LOCAL_SIZE: '1' };
    expect(() => appointmentOf(remote)).toThrow('mpirun -x MASTER_ADDR=');
    expect(appointmentOf({ ...remote, MASTER_ADDR: 'a' })?.master.host).toBe('a');
  });

  const pair = { RANK: '0', WORLD_SIZE: '2', MASTER_ADDR: 'a' };
  it.each([
    [{ RANK: '0' }, 'RANK is 0 but WORLD_SIZE is not set'],
    [{ RANK: '0', WORLD_SIZE: '' }, 'RANK is 0 but WORLD_SIZE is not set'],
    [{ WORLD_SIZE: '2' }, 'WORLD_SIZE is 2 but RANK is not set'],
    [{ ...pair, RANK: 'x' }, 'RANK is "x": expected a whole number'],
    [{ ...pair, RANK: '-1' }, 'RANK is "-1": expected a whole number'],
    [{ ...pair, RANK: '2' }, 'RANK is 2 but WORLD_SIZE is 2: ranks are counted from 0 to 1'],
    [{ ...pair, WORLD_SIZE: '0' }, 'WORLD_SIZE is 0: at least one'],
    [{ ...pair, MASTER_ADDR: '' }, 'MASTER_ADDR is not set'],
    [{ ...pair, MASTER_PORT: '0' }, 'MASTER_PORT is 0: a port'],
    [{ ...pair, MASTER_PORT: '70000' }, 'MASTER_PORT is 70000: a port'],
    [{ ...pair, LOCAL_RANK: '1.5' }, 'LOCAL_RANK is "1.5"'],
  ])('refuses %j in one sentence', (env, message) => {
    expect(() => appointmentOf(env)).toThrow(message);
  });
});

it.each([
  ['node1', 'node1'],
  ['node1,node2', 'node1'],
  ['gpu[03-05,9],x1', 'gpu03'],
  ['gpu[7],x', 'gpu7'],
  ['rack[1-2]-n', 'rack1-n'],
  ['', undefined],
])('the first of %s is %s', (nodes, first) => {
  expect(firstHost(nodes)).toBe(first);
});
