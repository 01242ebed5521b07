/** From what a launcher says to a process group that layers and steps find. */
import { CommError } from '../errors.js';
import { type Appointment, appointmentOf } from '../rendezvous/environment.js';
import { joinWorld } from '../rendezvous/join.js';
import type { MeetOptions } from '../rendezvous/options.js';
import type { World } from '../rendezvous/world.js';
import { type GroupOptions, ProcessGroup } from './process-group.js';
import { setWorldGroup } from './world-group.js';

export interface InitOptions extends MeetOptions, GroupOptions {
  /** Where this process belongs; default: what the environment says. */
  readonly appointment?: Appointment | null;
  /** The place among the processes of this machine, where the environment does not say it; default 0. */
  readonly localRank?: number;
}

export interface Processes {
  readonly world: World;
  readonly group: ProcessGroup;
  /** Leaves in order, when all have come to their end. */
  close(): Promise<void>;
  /** Leaves at once; the others learn why. */
  fail(reason: string): Promise<void>;
}

/**
 * Meets the other processes and connects to them; null where there are none. The group is then the world group.
 * IABN_SECRET, and in seconds IABN_MEET_TIMEOUT, IABN_LOSS_TIMEOUT and IABN_COLLECTIVE_TIMEOUT of the environment serve where
 * no option says otherwise.
 *
 * @throws {CommError}
 */
export async function initProcessGroup(options: InitOptions = {}): Promise<Processes | null> {
  const { localRank, appointment = appointmentOf(process.env, localRank) } = options;
  if (!appointment || appointment.placement.size === 1) return null;
  const world = await joinWorld(appointment.placement, appointment.master, {
    secret: process.env.IABN_SECRET,
    meetMs: secondsOf('IABN_MEET_TIMEOUT'),
    lossMs: secondsOf('IABN_LOSS_TIMEOUT'),
    ...definedOf(options),
  });
  const all = Array.from({ length: world.size }, (_, rank) => rank);
  try {
    const timeoutMs = options.timeoutMs ?? secondsOf('IABN_COLLECTIVE_TIMEOUT');
    const group = await ProcessGroup.create(world, all, { ...options, timeoutMs });
    setWorldGroup(group);
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
    // The connections of a group end for all at once only when none of them needs it any more.
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

/** Milliseconds from a variable in seconds. */
function secondsOf(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  const seconds = Number(text);
  if (!(seconds > 0)) throw new CommError(`${name} is "${text}": expected a number of seconds above 0`);
  return 1000 * seconds;
}

/** Options that are given: one that is undefined must not hide a default. */
function definedOf<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
