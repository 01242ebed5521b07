/** Rank 0's view of the world: it is connected to all others and relays their messages. */
import { CommError } from '../errors.js';
import type { Connection, Frame } from './frames.js';
import { Gatherings, joinBytes } from './gatherings.js';
import { Heartbeat } from './heartbeat.js';
import { LossListeners, peerName } from './listeners.js';
import { heartbeatMs, type MeetSettings } from './options.js';
import type { Placement } from './placement.js';
import type { PeerLoss, World } from './world.js';

type Waiting = Map<string, { resolve(all: Uint8Array[]): void; reject(error: Error): void }>;

export class Hub implements World {
  readonly rank = 0;
  readonly size: number;
  readonly localRank: number;
  readonly lossMs: number;
  private readonly gatherings = new Gatherings();
  private readonly waiting: Waiting = new Map();
  private readonly losses = new LossListeners();
  private readonly heartbeat: Heartbeat;
  /** Ranks that have finished their work. */
  private readonly left = new Set<number>();
  private allLeft: () => void = () => {};
  private closing = false;

  constructor(
    placement: Placement,
    readonly host: string,
    private readonly members: ReadonlyMap<number, Connection>,
    settings: MeetSettings,
  ) {
    this.size = placement.size;
    this.localRank = placement.localRank;
    this.lossMs = settings.lossMs;
    const beat = () => this.sendAll({ type: 'beat' });
    const silent = (rank: number, ms: number) =>
      this.lose(rank, `it sent nothing for ${Math.round(ms / 1000)} s`);
    this.heartbeat = new Heartbeat(
      { everyMs: heartbeatMs(settings), lossMs: settings.lossMs, beat, silent },
      [...members.keys()],
    );
    for (const [rank, connection] of members) {
      connection.events = {
        frame: (frame) => this.receive(rank, frame),
        gone: (why) => this.lose(rank, why),
      };
    }
  }

  gather(key: string, members: readonly number[], data: Uint8Array): Promise<Uint8Array[]> {
    const { loss } = this.losses;
    if (loss) return Promise.reject(new CommError(loss.reason));
    return new Promise((resolve, reject) => {
      this.waiting.set(`${key}\n${members.join()}`, { resolve, reject });
      this.give(key, members, 0, data);
    });
  }

  onLost(listener: (loss: PeerLoss) => void): void {
    this.losses.add(listener);
  }

  async fail(reason: string): Promise<void> {
    this.sendAll({ type: 'lost', rank: 0, reason });
    this.losses.tell({ rank: 0, reason });
    await this.end();
  }

  async close(): Promise<void> {
    this.closing = true;
    await new Promise<void>((resolve) => {
      this.allLeft = resolve;
      this.checkLeft();
    });
    this.sendAll({ type: 'bye' });
    await this.end();
  }

  private async end(): Promise<void> {
    this.closing = true;
    this.heartbeat.stop();
    await Promise.all([...this.members.values()].map((connection) => connection.end()));
  }

  private receive(rank: number, { header, payload }: Frame): void {
    this.heartbeat.hear(rank);
    if (header.type === 'gather') this.give(String(header.key), header.members as number[], rank, payload);
    else if (header.type === 'fail') this.lose(rank, String(header.reason), true);
    else if (header.type === 'leave') {
      this.left.add(rank);
      this.checkLeft();
    }
  }

  private give(key: string, members: readonly number[], rank: number, data: Uint8Array): void {
    const all = this.gatherings.give(key, members, rank, data);
    if (!all) return;
    const { lengths, payload } = joinBytes(all);
    for (const member of members) {
      this.members.get(member)?.send({ type: 'gathered', key, members, lengths }, payload);
    }
    const id = `${key}\n${members.join()}`;
    this.waiting.get(id)?.resolve(all);
    this.waiting.delete(id);
  }

  /** `told`: the process announced its failure itself. */
  private lose(rank: number, why: string, told = false): void {
    this.heartbeat.forget(rank);
    // A process that announced its failure leaves on its own; a silent one would keep this process waiting
    // for a goodbye.
    if (!told) this.members.get(rank)?.drop();
    const peer = this.members.get(rank)?.peer ?? '?';
    if (!this.left.has(rank) && !this.losses.loss) {
      const reason = told ? why : `${peerName(rank, peer)} was lost: ${why}`;
      this.sendAll({ type: 'lost', rank, reason });
      this.losses.tell({ rank, reason });
      for (const { reject } of this.waiting.values()) reject(new CommError(reason));
      this.waiting.clear();
    }
    this.left.add(rank);
    this.checkLeft();
  }

  private checkLeft(): void {
    if (this.closing && this.left.size === this.size - 1) this.allLeft();
  }

  private sendAll(header: { type: string; [key: string]: unknown }): void {
    for (const connection of this.members.values()) connection.send(header);
  }
}
