/** Rendezvous for rank 0, which waits for all others. */
import { createServer } from 'node:net';
import { plainAddress } from './frames.js';
import { ownHost } from './hosts.js';
import { Hub } from './hub.js';
import { isLoopback, listen } from './listen.js';
import { Meeting } from './meeting.js';
import type { Master, MeetSettings } from './options.js';
import type { Placement } from './placement.js';
import type { World } from './world.js';

/**
 * Listens on the master port until every rank has joined.
 *
 * @throws {CommError} with the reason that every rank receives
 */
export async function hostMeeting(
  placement: Placement,
  master: Master,
  settings: MeetSettings,
): Promise<World> {
  const meeting = new Meeting(placement, settings);
  const server = createServer((socket) => meeting.welcome(socket));
  const patience = setTimeout(() => {
    const ranks = `rank${meeting.missing.length > 1 ? 's' : ''} ${meeting.missing.join(', ')}`;
    settings.note(
      `waiting for ${ranks} of ${placement.size} at ${master.host}:${master.port}, up to ${settings.meetMs / 1000} s`,
    );
  }, settings.greetMs);
  try {
    await listen(server, master, settings);
    const members = await meeting.complete;
    const used = [...members.values()].map(({ socket }) => plainAddress(socket.localAddress));
    const host = ownHost(used.find((address) => !isLoopback(address)) ?? used[0] ?? '127.0.0.1');
    const hub = new Hub(placement, host, members, settings);
    for (const connection of members.values()) connection.send({ type: 'welcome' });
    return hub;
  } finally {
    clearTimeout(patience);
    meeting.end();
    server.close();
  }
}
