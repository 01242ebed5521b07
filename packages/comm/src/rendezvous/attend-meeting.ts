/** How every process but rank 0 comes to the meeting. */
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
    // Rank 0 answers at once; it may wait for the others as long as it may take.
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
    // Rank 0 tells when the time is up; this is for one that cannot.
    const late = () =>
      this.end(notReached(this.placement, this.master, settings, 'it waits for other ranks'));
    this.timer = setTimeout(late, deadline - performance.now() + settings.greetMs);
    this.heartbeat = new Heartbeat(
      {
        everyMs: heartbeatMs(settings),
        lossMs: settings.lossMs,
        beat: () => this.connection.send({ type: 'beat' }),
        silent: (_, ms) => this.gone(`nothing was heard of it for ${Math.round(ms / 1000)} s`),
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
      this.end(this.error(`rank 0 at ${this.where} left before all had come: ${why}`));
    else if (why.includes('no message')) this.end(this.stranger());
    // It may not be up yet, or have been the rank 0 of a run before.
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

  /** Only rank 0 itself says why: the words of others are not shown. */
  private refused(header: Frame['header']): Error {
    if (this.isRankZero(header) && header.reason !== undefined) return this.error(String(header.reason));
    const advice =
      this.settings.secret === ''
        ? 'its output says why; where it has a secret, this process needs the same (IABN_SECRET)'
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
      `what listens at ${this.where} is not rank 0 of this run: choose another MASTER_PORT, or see MASTER_ADDR`,
    );
  }

  private error(what: string): CommError {
    return new CommError(`rank ${this.placement.rank}: ${what}`);
  }
}
