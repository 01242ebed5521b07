import { attendMeeting } from './attend-meeting.js';
import { hostMeeting } from './host-meeting.js';
import { type Master, type MeetOptions, withDefaults } from './options.js';
import type { Placement } from './placement.js';
import type { World } from './world.js';

/**
 * Waits until all processes have met: rank 0 listens on the master port, the others connect to it and stay
 * connected.
 *
 * @throws {CommError} in one sentence on every rank: a port in use, an unknown host, two processes with the
 * same rank, a different world size, identity (version, configuration) or secret, or ranks that do not join
 * in time
 */
export function joinWorld(placement: Placement, master: Master, options: MeetOptions = {}): Promise<World> {
  const settings = withDefaults(options);
  return placement.rank === 0
    ? hostMeeting(placement, master, settings)
    : attendMeeting(placement, master, settings);
}
