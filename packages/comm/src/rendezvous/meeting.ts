/**
 * Processes that have connected to rank 0: members, and strangers, who can neither end the rendezvous nor
 * learn anything.
 */
import type { Socket } from 'node:net';
import { CommError } from '../errors.js';
import { Connection, type Frame, type Header, MEMBER } from './frames.js';
import { Heartbeat } from './heartbeat.js';
import { problemOf } from './hello.js';
import { heartbeatMs, type MeetSettings } from './options.js';
import type { Placement } from './placement.js';
import { isProof, nonce, proofOf } from './proof.js';

/** Maximum number of refusals to report; a stranger may keep retrying. */
const NOTED = 5;
/** Unauthenticated connections to hold at least (more in a large world), before the oldest is dropped. */
const LEAST_STRANGERS = 256;

const SILENT = { frame: () => {}, gone: () => {} };

export class Meeting {
  readonly complete: Promise<ReadonlyMap<number, Connection>>;
  private readonly members = new Map<number, Connection>();
  private readonly strangers = new Set<Connection>();
  /** Refused processes that may have meant to join. */
  private readonly refused: string[] = [];
  private readonly deadline: NodeJS.Timeout;
  private readonly heartbeat: Heartbeat;
  private resolve: (members: ReadonlyMap<number, Connection>) => void = () => {};
  private reject: (error: CommError) => void = () => {};

  constructor(
    private readonly placement: Placement,
    private readonly settings: MeetSettings,
  ) {
    this.complete = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.complete.catch(() => {});
    this.deadline = setTimeout(() => this.expire(), settings.meetMs);
    this.heartbeat = new Heartbeat(
      {
        everyMs: heartbeatMs(settings),
        lossMs: settings.lossMs,
        beat: () => this.tellAll({ type: 'beat' }),
        silent: (rank, ms) => this.left(rank, `it sent nothing for ${Math.round(ms / 1000)} s`),
      },
      [],
    );
    if (placement.size === 1) this.resolve(this.members);
  }

  /** Ranks that have not joined. */
  get missing(): number[] {
    const ranks = Array.from({ length: this.placement.size - 1 }, (_, i) => i + 1);
    return ranks.filter((rank) => !this.members.has(rank));
  }

  welcome(socket: Socket): void {
    const challenge = nonce();
    const connection: Connection = new Connection(socket, {
      frame: (frame) => this.hear(connection, challenge, frame),
      gone: () => this.strangers.delete(connection),
    });
    this.admit(connection);
    connection.send({ type: 'challenge', nonce: challenge });
    setTimeout(() => {
      if (this.strangers.has(connection)) connection.drop();
    }, this.settings.greetMs).unref();
  }

  /** Drops all connections that are not members. */
  end(): void {
    clearTimeout(this.deadline);
    this.heartbeat.stop();
    for (const connection of this.strangers) connection.drop();
  }

  private admit(connection: Connection): void {
    const [oldest] = this.strangers;
    if (oldest && this.strangers.size >= Math.max(LEAST_STRANGERS, 2 * this.placement.size)) {
      this.strangers.delete(oldest);
      oldest.drop();
    }
    this.strangers.add(connection);
  }

  private hear(connection: Connection, challenge: string, { header }: Frame): void {
    if (header.type !== 'hello') {
      connection.drop();
      return;
    }
    const { secret, identity } = this.settings;
    const answer = String(header.nonce);
    if (!isProof(header.proof, proofOf(secret, 'member', challenge, answer))) {
      this.turnAway(
        connection,
        `a process at ${connection.peer} has a different secret (IABN_SECRET), or none`,
      );
      return;
    }
    const { size } = this.placement;
    const rank = Number(header.rank);
    const known = rank === 0 ? 'this process' : this.members.get(rank)?.peer;
    const problem = problemOf({ peer: connection.peer, hello: header }, size, known, identity);
    const proof = proofOf(secret, 'rank 0', challenge, answer);
    if (problem === null) this.accept(connection, rank, proof);
    // Without a secret the sender is unauthenticated, so its claims have no effect.
    else if (secret === '') this.turnAway(connection, problem);
    else {
      this.strangers.delete(connection);
      connection.send({ type: 'refused', reason: problem, proof });
      this.part(connection);
      this.fail(problem);
    }
  }

  private accept(connection: Connection, rank: number, proof: string): void {
    this.strangers.delete(connection);
    connection.reader.limits = MEMBER;
    connection.events = {
      frame: () => this.heartbeat.hear(rank),
      gone: (why) => this.left(rank, why),
    };
    this.members.set(rank, connection);
    this.heartbeat.hear(rank);
    connection.send({ type: 'accepted', proof });
    if (this.members.size === this.placement.size - 1) this.resolve(this.members);
  }

  /** Refuses a process that may not belong to this run, without telling it why. */
  private turnAway(connection: Connection, why: string): void {
    if (this.refused.length < NOTED) {
      this.refused.push(why);
      this.settings.note(`refused: ${why}`);
    }
    connection.send({ type: 'refused' });
    this.part(connection);
  }

  private part(connection: Connection): void {
    connection.events = { ...SILENT, gone: () => this.strangers.delete(connection) };
    void connection.end();
  }

  private left(rank: number, why: string): void {
    const connection = this.members.get(rank);
    if (!connection) return;
    this.heartbeat.forget(rank);
    connection.events = SILENT;
    connection.drop();
    this.members.delete(rank);
    const what = `rank ${rank} left before all ranks had joined: ${why}`;
    // Without a secret it could have been anyone, and the real rank may still join.
    if (this.settings.secret === '') this.settings.note(what);
    else this.fail(what);
  }

  private expire(): void {
    const { missing } = this;
    const notes = this.refused.length > 0 ? `; ${this.refused.join('; ')}` : '';
    this.fail(
      `rank${missing.length > 1 ? 's' : ''} ${missing.join(', ')} of ${this.placement.size} did not join within ` +
        `${this.settings.meetMs / 1000} s${notes}: check that they were started and can reach rank 0`,
    );
  }

  private fail(reason: string): void {
    for (const connection of this.members.values()) {
      connection.events = SILENT;
      connection.send({ type: 'ended', reason });
      void connection.end();
    }
    this.members.clear();
    this.reject(new CommError(reason));
  }

  private tellAll(header: Header): void {
    for (const connection of this.members.values()) connection.send(header);
  }
}
