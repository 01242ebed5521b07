/** The world as seen by every process except rank 0, connected to rank 0 only. */
import { CommError } from '../errors.js';
import type { Connection, Frame } from './frames.js';
import { splitBytes } from './gatherings.js';
import { Heartbeat } from './heartbeat.js';
import { LossListeners, peerName } from './listeners.js';
import { heartbeatMs, type MeetSettings } from './options.js';
import type { Placement } from './placement.js';
import type { PeerLoss, World } from './world.js';

export class Spoke implements World {
  readonly rank: number;
  readonly size: number;
  readonly localRank: number;
  readonly lossMs: number;
  private readonly waiting = new Map<
    string,
    { resolve(all: Uint8Array[]): void; reject(error: Error): void }
  >();
  private readonly losses = new LossListeners();
  private readonly heartbeat: Heartbeat;
  private goodbye: () => void = () => {};
  private leaving = false;

  constructor(
    placement: Placement,
    readonly host: string,
    private readonly hub: Connection,
    settings: MeetSettings,
  ) {
    this.rank = placement.rank;
    this.size = placement.size;
    this.localRank = placement.localRank;
    this.lossMs = settings.lossMs;
    const beat = () => hub.send({ type: 'beat' });
    const silent = (_: number, ms: number) => this.loseHub(`it sent nothing for ${Math.round(ms / 1000)} s`);
    this.heartbeat = new Heartbeat(
      { everyMs: heartbeatMs(settings), lossMs: settings.lossMs, beat, silent },
      [0],
    );
    hub.events = { frame: (frame) => this.receive(frame), gone: (why) => this.loseHub(why) };
  }

  gather(key: string, members: readonly number[], data: Uint8Array): Promise<Uint8Array[]> {
    const { loss } = this.losses;
    if (loss) return Promise.reject(new CommError(loss.reason));
    return new Promise((resolve, reject) => {
      this.waiting.set(`${key}\n${members.join()}`, { resolve, reject });
      this.hub.send({ type: 'gather', key, members }, data);
    });
  }

  onLost(listener: (loss: PeerLoss) => void): void {
    this.losses.add(listener);
  }

  async fail(reason: string): Promise<void> {
    this.leaving = true;
    this.hub.send({ type: 'fail', reason });
    this.losses.tell({ rank: this.rank, reason });
    await this.end();
  }

  async close(): Promise<void> {
    this.hub.send({ type: 'leave' });
    if (!this.losses.loss) {
      await new Promise<void>((resolve) => {
        this.goodbye = resolve;
      });
    }
    await this.end();
  }

  private async end(): Promise<void> {
    this.leaving = true;
    this.heartbeat.stop();
    await this.hub.end();
  }

  private receive({ header, payload }: Frame): void {
    this.heartbeat.hear(0);
    if (header.type === 'gathered') this.gathered(header, payload);
    else if (header.type === 'lost') this.lose({ rank: Number(header.rank), reason: String(header.reason) });
    else if (header.type === 'bye') {
      this.leaving = true;
      this.goodbye();
    }
  }

  private gathered({ key, members, lengths }: Frame['header'], payload: Uint8Array): void {
    const id = `${String(key)}\n${(members as number[]).join()}`;
    this.waiting.get(id)?.resolve(splitBytes(lengths as number[], payload));
    this.waiting.delete(id);
  }

  private loseHub(why: string): void {
    this.heartbeat.forget(0);
    this.hub.drop();
    if (!this.leaving) this.lose({ rank: 0, reason: `${peerName(0, this.hub.peer)} was lost: ${why}` });
    this.goodbye();
  }

  private lose(loss: PeerLoss): void {
    this.losses.tell(loss);
    // Rank 0 says goodbye once all have finished, which will not happen now.
    this.goodbye();
    for (const { reject } of this.waiting.values()) reject(new CommError(loss.reason));
    this.waiting.clear();
  }
}
