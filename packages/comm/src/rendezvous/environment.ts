/**
 * Reads the placement from the launcher's environment: torchrun's variables (also set by our launcher and
 * Kubernetes jobs), else Slurm's, else Open MPI's.
 */
import { CommError } from '../errors.js';
import { firstHost } from './node-list.js';
import type { Master } from './options.js';
import type { Placement } from './placement.js';

/** The rank of a process, and where it meets the others. */
export interface Appointment {
  /** Rank and number of processes. */
  readonly placement: Placement;
  /** Address at which rank 0 listens. */
  readonly master: Master;
  /** Launcher whose variables were found. */
  readonly launcher: 'torchrun' | 'slurm' | 'openmpi' | 'environment';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** PyTorch's default. */
const DEFAULT_PORT = 29500;
/** Port range for Slurm jobs, so that jobs on one machine use different ports. */
const [SLURM_FIRST_PORT, SLURM_PORTS] = [20000, 10000];

/**
 * The placement of this process; null if no launcher has set its variables, and for the only process of a
 * Slurm or Open MPI job. Empty variables count as unset. `localRank` is used if no variable sets it.
 *
 * @throws {CommError} naming the variable
 */
export function appointmentOf(given: Environment = process.env, localRank = 0): Appointment | null {
  const env = Object.fromEntries(Object.entries(given).filter(([, text]) => text !== ''));
  if (env.RANK !== undefined || env.WORLD_SIZE !== undefined) return byNames(env, localRank);
  if (env.SLURM_STEP_ID !== undefined && env.SLURM_PROCID !== undefined) return bySlurm(env, localRank);
  if (env.OMPI_COMM_WORLD_RANK !== undefined) return byOpenMpi(env, localRank);
  return null;
}

function byNames(env: Environment, localRank: number): Appointment {
  const launcher = env.TORCHELASTIC_RUN_ID === undefined ? 'environment' : 'torchrun';
  const names = { rank: 'RANK', size: 'WORLD_SIZE', local: 'LOCAL_RANK' };
  const placement = placementOf(env, names, localRank);
  if (placement.size > 1 && !env.MASTER_ADDR) {
    throw new CommError(
      `WORLD_SIZE is ${placement.size} but MASTER_ADDR is not set: set it to the host of rank 0 on all processes`,
    );
  }
  const given = port(env, 'MASTER_PORT') ?? DEFAULT_PORT;
  // torchrun's agent itself listens on the port that it passes to its processes.
  const taken = env.TORCHELASTIC_USE_AGENT_STORE === 'True' ? 1 : 0;
  return { placement, launcher, master: masterOf(env, env.MASTER_ADDR, given + taken) };
}

function bySlurm(env: Environment, localRank: number): Appointment | null {
  const size = env.SLURM_STEP_NUM_TASKS === undefined ? 'SLURM_NTASKS' : 'SLURM_STEP_NUM_TASKS';
  const names = { rank: 'SLURM_PROCID', size, local: 'SLURM_LOCALID' };
  const placement = placementOf(env, names, localRank);
  if (placement.size === 1) return null;
  const nodes = env.SLURM_STEP_NODELIST ?? env.SLURM_JOB_NODELIST ?? env.SLURM_NODELIST;
  const host = env.MASTER_ADDR ?? (nodes === undefined ? undefined : firstHost(nodes));
  if (!host)
    throw new CommError('Slurm named no nodes (SLURM_STEP_NODELIST): set MASTER_ADDR to the host of rank 0');
  const job = Number(env.SLURM_JOB_ID ?? 0) * 7 + Number(env.SLURM_STEP_ID);
  const given =
    port(env, 'MASTER_PORT') ?? SLURM_FIRST_PORT + (Number.isInteger(job) ? job % SLURM_PORTS : 0);
  return { placement, launcher: 'slurm', master: masterOf(env, host, given) };
}

function byOpenMpi(env: Environment, localRank: number): Appointment | null {
  const names = {
    rank: 'OMPI_COMM_WORLD_RANK',
    size: 'OMPI_COMM_WORLD_SIZE',
    local: 'OMPI_COMM_WORLD_LOCAL_RANK',
  };
  const placement = placementOf(env, names, localRank);
  if (placement.size === 1) return null;
  const oneMachine = env.OMPI_COMM_WORLD_LOCAL_SIZE === env.OMPI_COMM_WORLD_SIZE;
  const host = env.MASTER_ADDR ?? (oneMachine ? '127.0.0.1' : undefined);
  if (!host) {
    throw new CommError(
      'Open MPI started processes on several machines but MASTER_ADDR is not set: mpirun -x MASTER_ADDR=HOST_OF_RANK_0 …',
    );
  }
  return {
    placement,
    launcher: 'openmpi',
    master: masterOf(env, host, port(env, 'MASTER_PORT') ?? DEFAULT_PORT),
  };
}

function masterOf(env: Environment, host: string | undefined, given: number): Master {
  const chosen = port(env, 'IABN_MASTER_PORT') ?? given;
  if (chosen > 65535) throw new CommError(`port ${chosen} does not exist: choose a lower MASTER_PORT`);
  return { host: host ?? '127.0.0.1', port: chosen };
}

function placementOf(
  env: Environment,
  names: { rank: string; size: string; local: string },
  localRank: number,
): Placement {
  const rank = whole(env, names.rank);
  const size = whole(env, names.size);
  if (rank === undefined || size === undefined) {
    const [missing, present] = rank === undefined ? [names.rank, names.size] : [names.size, names.rank];
    throw new CommError(
      `${present} is ${env[present]} but ${missing} is not set: set both, or neither for one process`,
    );
  }
  if (size < 1) throw new CommError(`${names.size} is ${size}: at least one process is needed`);
  if (rank >= size) {
    throw new CommError(
      `${names.rank} is ${rank} but ${names.size} is ${size}: ranks are counted from 0 to ${size - 1}`,
    );
  }
  return { rank, size, localRank: whole(env, names.local) ?? localRank };
}

function port(env: Environment, name: string): number | undefined {
  const given = whole(env, name);
  if (given !== undefined && (given < 1 || given > 65535)) {
    throw new CommError(`${name} is ${given}: a port is a number from 1 to 65535`);
  }
  return given;
}

function whole(env: Environment, name: string): number | undefined {
  const text = env[name];
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new CommError(`${name} is "${text}": expected a whole number of at least 0`);
  return Number(text);
}
