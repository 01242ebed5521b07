/** Creates the world process group from the launcher's environment, for layers and steps to find. */
import { CommError } from '../errors.js';
import { type Appointment, appointmentOf } from '../rendezvous/environment.js';
import { joinWorld } from '../rendezvous/join.js';
import type { MeetOptions } from '../rendezvous/options.js';
import type { World } from '../rendezvous/world.js';
import { type SumTopology, topologyNamed } from './nodes.js';
import { type GroupOptions, ProcessGroup } from './process-group.js';
import { setWorldGroup } from './world-group.js';

/** Options of {@link initProcessGroup}. */
export interface InitOptions extends MeetOptions, GroupOptions {
  /** This process's placement; default: from the environment. */
  readonly appointment?: Appointment | null;
  /** Local rank, if the environment does not set it; default 0. */
  readonly localRank?: number;
}

/** The processes that train together, as this one sees them. */
export interface Processes {
  /** The connections that notice a lost process. */
  readonly world: World;
  /** The group of all processes, for collectives. */
  readonly group: ProcessGroup;
  /** Leaves the group once all processes have finished. */
  close(): Promise<void>;
  /** Leaves immediately and sends the reason to the other processes. */
  fail(reason: string): Promise<void>;
}

/**
 * Meets the other processes, connects to them, and makes the result the world group, like
 * torch.distributed.init_process_group. Options default to the environment: IABN_SECRET, IABN_TOPOLOGY (ring
 * or hierarchical), and IABN_MEET_TIMEOUT, IABN_LOSS_TIMEOUT and IABN_COLLECTIVE_TIMEOUT in seconds.
 *
 * @returns null if there are no other processes
 * @throws {CommError} if the environment is inconsistent or the processes cannot meet
 */
export async function initProcessGroup(options: InitOptions = {}): Promise<Processes | null> {
  const { localRank, appointment = appointmentOf(process.env, localRank) } = options;
  if (!appointment || appointment.placement.size === 1) return null;
  const topology = topologyOf(options);
  const world = await joinWorld(appointment.placement, appointment.master, {
    secret: process.env.IABN_SECRET,
    meetMs: secondsOf('IABN_MEET_TIMEOUT'),
    lossMs: secondsOf('IABN_LOSS_TIMEOUT'),
    ...definedOf(options),
  });
  const all = Array.from({ length: world.size }, (_, rank) => rank);
  try {
    const timeoutMs = options.timeoutMs ?? secondsOf('IABN_COLLECTIVE_TIMEOUT');
    const group = await ProcessGroup.create(world, all, { ...options, timeoutMs, topology });
    setWorldGroup(group);
    const { perNode, size } = group;
    if (perNode > 1 && group.rank === 0) {
      options.note?.(`summing within nodes first: ${size / perNode} nodes of ${perNode} processes`);
    }
    return new Joined(world, group);
  } catch (error) {
    await world.fail(`rank ${world.rank}: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
}

class Joined implements Processes {
  constructor(
    readonly world: World,
    readonly group: ProcessGroup,
  ) {}

  async close(): Promise<void> {
    setWorldGroup(null);
    // Closing breaks a group's connections on every process, so wait until nobody needs them.
    await this.world.close();
    this.group.close();
  }

  async fail(reason: string): Promise<void> {
    setWorldGroup(null);
    await this.world.fail(reason);
    this.group.abort(reason);
    this.group.close();
  }
}

/** The option is checked, too, because it may come from JavaScript. */
function topologyOf({ topology }: InitOptions): SumTopology | undefined {
  if (topology) return topologyNamed(topology, 'the option topology');
  const variable = process.env.IABN_TOPOLOGY;
  return variable ? topologyNamed(variable, 'IABN_TOPOLOGY') : undefined;
}

/** Reads a variable in seconds; returns milliseconds. */
function secondsOf(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  const seconds = Number(text);
  if (!(seconds > 0)) throw new CommError(`${name} is "${text}": expected a number of seconds above 0`);
  return 1000 * seconds;
}

/** Drops undefined options, so that they do not hide a default. */
function definedOf<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
