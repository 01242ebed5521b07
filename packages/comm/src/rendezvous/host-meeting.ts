/** How rank 0 waits for all others. */
import { createServer, type Server, type Socket } from 'node:net';
import { CommError } from '../errors.js';
import { Connection, type Frame, MEMBER, plainAddress } from './frames.js';
import { ownHost } from './hosts.js';
import { Hub } from './hub.js';
import { type Master, type MeetSettings, PROTOCOL } from './options.js';
import type { Placement } from './placement.js';
import { isProof, nonce, proofOf } from './proof.js';
import type { World } from './world.js';

const NAME_PAUSE_MS = 200;

/** Listens at the master's port until every rank has come. @throws CommError that every rank is told */
export async function hostMeeting(
  placement: Placement,
  master: Master,
  settings: MeetSettings,
): Promise<World> {
  const meeting = new Meeting(placement, settings);
  const server = createServer((socket) => meeting.welcome(socket));
  try {
    await listen(server, master, performance.now() + settings.greetMs);
    const members = await meeting.complete;
    const used = [...members.values()].map(({ socket }) => plainAddress(socket.localAddress));
    const host = ownHost(used.find((address) => !isLoopback(address)) ?? used[0] ?? '127.0.0.1');
    const hub = new Hub(placement, host, members, settings);
    for (const connection of members.values()) connection.send({ type: 'welcome' });
    return hub;
  } finally {
    meeting.end();
    server.close();
  }
}

class Meeting {
  readonly complete: Promise<ReadonlyMap<number, Connection>>;
  private readonly members = new Map<number, Connection>();
  private readonly strangers = new Set<Connection>();
  /** What was refused of those that may have meant to come. */
  private readonly refused: string[] = [];
  private readonly deadline: NodeJS.Timeout;
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
    if (placement.size === 1) this.resolve(this.members);
  }

  welcome(socket: Socket): void {
    const challenge = nonce();
    const connection: Connection = new Connection(socket, {
      frame: (frame) => this.hear(connection, challenge, frame),
      gone: () => this.strangers.delete(connection),
    });
    this.strangers.add(connection);
    connection.send({ type: 'challenge', protocol: PROTOCOL, nonce: challenge });
    setTimeout(() => {
      if (this.strangers.has(connection)) connection.drop();
    }, this.settings.greetMs).unref();
  }

  /** Drops whoever is no member. */
  end(): void {
    clearTimeout(this.deadline);
    for (const connection of this.strangers) connection.drop();
  }

  private hear(connection: Connection, challenge: string, { header }: Frame): void {
    if (header.type !== 'hello') {
      connection.drop();
      return;
    }
    const { secret } = this.settings;
    const answer = String(header.nonce);
    if (!isProof(header.proof, proofOf(secret, 'member', challenge, answer))) {
      this.refused.push(`a process at ${connection.peer} has another secret (IABN_SECRET)`);
      connection.send({
        type: 'refused',
        reason: 'rank 0 has another secret (IABN_SECRET): give all processes the same',
      });
      void connection.end();
      return;
    }
    this.strangers.delete(connection);
    const rank = Number(header.rank);
    const problem = this.problemOf(connection, header);
    if (problem) {
      connection.send({ type: 'refused', reason: problem });
      void connection.end();
      this.fail(problem);
      return;
    }
    connection.reader.limits = MEMBER;
    connection.events = { frame: () => {}, gone: (why) => this.left(rank, connection, why) };
    this.members.set(rank, connection);
    connection.send({ type: 'accepted', proof: proofOf(secret, 'rank 0', challenge, answer) });
    if (this.members.size === this.placement.size - 1) this.resolve(this.members);
  }

  /** Why the run cannot be with this process. */
  private problemOf(connection: Connection, header: Frame['header']): string | null {
    const { size } = this.placement;
    const rank = Number(header.rank);
    const name = `rank ${rank} at ${connection.peer}`;
    if (header.protocol !== PROTOCOL)
      return `${name} has another version of this program: install the same on all`;
    if (header.size !== size) {
      return `${name} was started with WORLD_SIZE ${String(header.size)}, rank 0 with ${size}: start all with the same`;
    }
    if (!Number.isInteger(rank) || rank < 0 || rank >= size)
      return `${name} is none of the ranks 0 to ${size - 1}`;
    const known = rank === 0 ? 'this process' : this.members.get(rank)?.peer;
    if (known) return `two processes have RANK ${rank}, ${known} and ${connection.peer}: give each its own`;
    return this.mismatch(name, header.identity);
  }

  private mismatch(name: string, given: unknown): string | null {
    const theirs = typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {};
    for (const key of new Set([...Object.keys(this.settings.identity), ...Object.keys(theirs)])) {
      const [mine, other] = [this.settings.identity[key], theirs[key]];
      if (mine === other) continue;
      return `the ${key} differs: ${name} has ${String(other ?? 'none')}, rank 0 has ${mine ?? 'none'}: start all processes with the same`;
    }
    return null;
  }

  private left(rank: number, connection: Connection, why: string): void {
    if (this.members.get(rank) === connection) this.fail(`rank ${rank} left before all had come: ${why}`);
  }

  private expire(): void {
    const missing = Array.from({ length: this.placement.size }, (_, rank) => rank).filter(
      (rank) => rank > 0 && !this.members.has(rank),
    );
    const notes = this.refused.length > 0 ? `; ${this.refused.join('; ')}` : '';
    this.fail(
      `rank${missing.length > 1 ? 's' : ''} ${missing.join(', ')} of ${this.placement.size} did not come within ` +
        `${this.settings.meetMs / 1000} s${notes}: see that they were started and reach rank 0`,
    );
  }

  private fail(reason: string): void {
    for (const connection of this.members.values()) {
      connection.events = { frame: () => {}, gone: () => {} };
      connection.send({ type: 'refused', reason });
      void connection.end();
    }
    this.members.clear();
    this.reject(new CommError(reason));
  }
}

async function listen(server: Server, { host, port }: Master, deadline: number): Promise<void> {
  for (let address: string | undefined = host; ; ) {
    try {
      return await listenAt(server, port, address);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOTFOUND' && performance.now() < deadline) {
        // A name may become known a little later than the machine that has it.
        await new Promise((resolve) => setTimeout(resolve, NAME_PAUSE_MS));
      } else if (code === 'EADDRNOTAVAIL' && address !== undefined) {
        // The name of a service, or an address of the machine that only others see.
        address = undefined;
      } else refuse(error as NodeJS.ErrnoException, host, port);
    }
  }
}

function listenAt(server: Server, port: number, address: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function refuse(error: NodeJS.ErrnoException, host: string, port: number): never {
  const reasons: Partial<Record<string, string>> = {
    EADDRINUSE: 'another program listens there: choose another MASTER_PORT',
    EACCES: 'this user may not listen there: choose a MASTER_PORT above 1023',
    ENOTFOUND: 'no such host is known: see MASTER_ADDR',
    EAI_AGAIN: 'the host cannot be looked up now: see MASTER_ADDR',
  };
  throw new CommError(
    `rank 0 cannot listen at ${host}:${port}: ${reasons[error.code ?? ''] ?? error.message}`,
  );
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
