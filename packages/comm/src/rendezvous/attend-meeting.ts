/** How every process but rank 0 comes to the meeting. */
import { connect, type Socket } from 'node:net';
import { CommError } from '../errors.js';
import { Connection, type Frame, MEMBER, plainAddress } from './frames.js';
import { ownHost } from './hosts.js';
import { type Master, type MeetSettings, PROTOCOL } from './options.js';
import type { Placement } from './placement.js';
import { isProof, nonce, proofOf } from './proof.js';
import { Spoke } from './spoke.js';
import type { World } from './world.js';

/** What may pass: rank 0 is not up yet, or its machine is not. */
const TRANSIENT = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EAI_AGAIN',
]);
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [50, 1_000];

/** Connects to rank 0, trying until the time is up. @throws CommError in rank 0's words where it refuses */
export async function attendMeeting(
  placement: Placement,
  master: Master,
  settings: MeetSettings,
): Promise<World> {
  const started = performance.now();
  const deadline = started + settings.meetMs;
  let pause = FIRST_PAUSE_MS;
  for (;;) {
    const left = deadline - performance.now();
    try {
      const socket = await dial(master, Math.min(left, settings.greetMs));
      return await introduce(socket, placement, master, settings, deadline);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (error instanceof CommError) throw error;
      // A name may become known with the machine that has it.
      if (code === 'ENOTFOUND' && performance.now() - started > settings.greetMs) {
        throw new CommError(`rank ${placement.rank}: the host ${master.host} is unknown: see MASTER_ADDR`);
      }
      if (code !== 'ENOTFOUND' && !TRANSIENT.has(code)) throw error;
      if (left <= pause) throw notReached(placement, master, settings, code);
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
  }
}

function notReached(
  { rank }: Placement,
  { host, port }: Master,
  { meetMs }: MeetSettings,
  code: string,
): CommError {
  return new CommError(
    `rank ${rank} did not reach rank 0 at ${host}:${port} within ${meetMs / 1000} s (${code}): ` +
      'see that rank 0 was started, and MASTER_ADDR and MASTER_PORT',
  );
}

function dial({ host, port }: Master, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
    }, timeoutMs);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

/** The conversation with rank 0 until all have come. */
function introduce(
  socket: Socket,
  placement: Placement,
  master: Master,
  settings: MeetSettings,
  deadline: number,
): Promise<World> {
  const { rank, size } = placement;
  const where = `${master.host}:${master.port}`;
  const answer = nonce();
  let expected = '';
  let challenged = false;
  return new Promise((resolve, reject) => {
    const connection = new Connection(socket, { frame: hear, gone });
    // One that says nothing is not rank 0; rank 0 itself may wait for others as long as it may take.
    let timer = setTimeout(() => refuse(stranger()), settings.greetMs);
    function refuse(error: Error): void {
      clearTimeout(timer);
      connection.events = { frame: () => {}, gone: () => {} };
      connection.drop();
      reject(error);
    }
    function stranger(): CommError {
      return new CommError(
        `rank ${rank}: what listens at ${where} is not rank 0 of this run: choose another MASTER_PORT, or see MASTER_ADDR`,
      );
    }
    function gone(why: string): void {
      if (challenged)
        refuse(new CommError(`rank ${rank}: rank 0 at ${where} left before all had come: ${why}`));
      else if (why.includes('no message')) refuse(stranger());
      else refuse(Object.assign(new Error(why), { code: 'ECONNRESET' }));
    }
    function hear({ header }: Frame): void {
      if (header.type === 'challenge' && !challenged) {
        challenged = true;
        const challenge = String(header.nonce);
        expected = proofOf(settings.secret, 'rank 0', challenge, answer);
        const proof = proofOf(settings.secret, 'member', challenge, answer);
        const { identity } = settings;
        connection.send({ type: 'hello', protocol: PROTOCOL, rank, size, identity, nonce: answer, proof });
      } else if (header.type === 'accepted') {
        if (!isProof(header.proof, expected)) {
          refuse(stranger());
          return;
        }
        connection.reader.limits = MEMBER;
        clearTimeout(timer);
        // Rank 0 tells when the time is up; this is for one that cannot.
        const late = () => refuse(notReached(placement, master, settings, 'it waits for other ranks'));
        timer = setTimeout(late, deadline - performance.now() + settings.greetMs);
      } else if (header.type === 'refused') {
        refuse(new CommError(`rank ${rank}: ${String(header.reason)}`));
      } else if (header.type === 'welcome') {
        clearTimeout(timer);
        const host = ownHost(plainAddress(socket.localAddress));
        resolve(new Spoke(placement, host, connection, settings));
      } else refuse(stranger());
    }
  });
}
