/** Rendezvous for every process except rank 0. */
import { connect, type Socket } from 'node:net';
import { CommError } from '../errors.js';
import { Connection, type Frame, MEMBER, plainAddress } from './frames.js';
import { Heartbeat } from './heartbeat.js';
import { ownHost } from './hosts.js';
import { heartbeatMs, type Master, type MeetSettings, PROTOCOL } from './options.js';
import type { Placement } from './placement.js';
import { isProof, nonce, proofOf } from './proof.js';
import { Spoke } from './spoke.js';
import type { World } from './world.js';

/** Errors to retry: rank 0 or its machine may not be up yet. */
const TRANSIENT = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EAI_AGAIN',
]);
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [50, 1_000];

/**
 * Connects to rank 0, retrying until the deadline.
 *
 * @throws {CommError} with rank 0's own reason if it refuses
 */
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
      // The name may become resolvable once the machine is up.
      if (code === 'ENOTFOUND' && performance.now() - started > settings.greetMs) {
        throw new CommError(`rank ${placement.rank}: the host ${master.host} is unknown: check MASTER_ADDR`);
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
      'check that rank 0 was started, and check MASTER_ADDR and MASTER_PORT',
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

/** The handshake with rank 0, until all ranks have joined. */
function introduce(
  socket: Socket,
  placement: Placement,
  master: Master,
  settings: MeetSettings,
  deadline: number,
): Promise<World> {
  return new Promise((resolve, reject) => {
    new Introduction(socket, placement, master, settings, deadline, { resolve, reject });
  });
}

type Stage = 'connected' | 'challenged' | 'accepted' | 'done';

class Introduction {
  private stage: Stage = 'connected';
  private readonly answer = nonce();
  private expected = '';
  private readonly connection: Connection;
  private readonly where: string;
  private timer: NodeJS.Timeout;
  private heartbeat: Heartbeat | null = null;

  constructor(
    private readonly socket: Socket,
    private readonly placement: Placement,
    private readonly master: Master,
    private readonly settings: MeetSettings,
    private readonly deadline: number,
    private readonly outcome: { resolve(world: World): void; reject(error: Error): void },
  ) {
    this.where = `${master.host}:${master.port}`;
    this.connection = new Connection(socket, {
      frame: (frame) => this.hear(frame),
      gone: (why) => this.gone(why),
    });
    // Rank 0 answers the greeting promptly, even if it then waits long for other ranks.
    this.timer = setTimeout(() => this.end(this.silent()), settings.greetMs);
  }

  private hear({ header }: Frame): void {
    this.heartbeat?.hear(0);
    const { type } = header;
    if (type === 'challenge' && this.stage === 'connected') this.challenged(String(header.nonce));
    else if (type === 'refused' && this.stage === 'challenged') this.end(this.refused(header));
    else if (type === 'accepted' && this.stage === 'challenged' && this.isRankZero(header)) this.accepted();
    else if (this.stage !== 'accepted') this.end(this.stranger());
    else if (type === 'ended') this.end(this.error(String(header.reason)));
    else if (type === 'welcome') this.welcome();
    else if (type !== 'beat') this.end(this.stranger());
  }

  private challenged(challenge: string): void {
    this.stage = 'challenged';
    const { secret, identity } = this.settings;
    const { rank, size } = this.placement;
    this.expected = proofOf(secret, 'rank 0', challenge, this.answer);
    const proof = proofOf(secret, 'member', challenge, this.answer);
    const hello = { type: 'hello', protocol: PROTOCOL, rank, size, identity, nonce: this.answer, proof };
    this.connection.send(hello);
  }

  private accepted(): void {
    this.stage = 'accepted';
    this.connection.reader.limits = MEMBER;
    clearTimeout(this.timer);
    const { settings, deadline } = this;
    // Rank 0 announces the timeout; this timer is for a rank 0 that no longer can.
    const late = () =>
      this.end(notReached(this.placement, this.master, settings, 'it is waiting for other ranks'));
    this.timer = setTimeout(late, deadline - performance.now() + settings.greetMs);
    this.heartbeat = new Heartbeat(
      {
        everyMs: heartbeatMs(settings),
        lossMs: settings.lossMs,
        beat: () => this.connection.send({ type: 'beat' }),
        silent: (_, ms) => this.gone(`it sent nothing for ${Math.round(ms / 1000)} s`),
      },
      [0],
    );
  }

  private welcome(): void {
    this.stop();
    const host = ownHost(plainAddress(this.socket.localAddress));
    this.outcome.resolve(new Spoke(this.placement, host, this.connection, this.settings));
  }

  private gone(why: string): void {
    if (this.stage === 'accepted')
      this.end(this.error(`rank 0 at ${this.where} left before all ranks had joined: ${why}`));
    else if (why.includes('invalid message')) this.end(this.stranger());
    // Rank 0 may not be up yet, or this may have been rank 0 of an earlier run.
    else this.end(Object.assign(new Error(why), { code: 'ECONNRESET' }));
  }

  private end(error: Error): void {
    this.stop();
    this.connection.events = { frame: () => {}, gone: () => {} };
    this.connection.drop();
    this.outcome.reject(error);
  }

  private stop(): void {
    this.stage = 'done';
    clearTimeout(this.timer);
    this.heartbeat?.stop();
  }

  private isRankZero({ proof }: Frame['header']): boolean {
    return isProof(proof, this.expected);
  }

  /** Reports the reason only if it comes from an authenticated rank 0. */
  private refused(header: Frame['header']): Error {
    if (this.isRankZero(header) && header.reason !== undefined) return this.error(String(header.reason));
    const advice =
      this.settings.secret === ''
        ? 'its output says why; if it has a secret, this process needs the same one (IABN_SECRET)'
        : 'give all processes the same secret (IABN_SECRET)';
    return this.error(`${this.where} refused this process: ${advice}`);
  }

  private silent(): Error {
    if (this.stage === 'connected') return this.stranger();
    const { greetMs } = this.settings;
    return this.error(`rank 0 at ${this.where} did not answer within ${greetMs / 1000} s`);
  }

  private stranger(): Error {
    return this.error(
      `the program listening at ${this.where} is not rank 0 of this run: choose another MASTER_PORT, or check MASTER_ADDR`,
    );
  }

  private error(what: string): CommError {
    return new CommError(`rank ${this.placement.rank}: ${what}`);
  }
}
