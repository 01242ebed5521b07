/**
 * A network between the processes of one test, in simulated time. Each direction between two processes can be
 * cut after a given message. Like a cut wire, a cut silently loses everything sent into it, including the end
 * of a connection.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';

/** Latency of a message in milliseconds. */
const LATENCY_MS = 1;

export interface Cut {
  readonly from: number;
  readonly to: number;
  /** Number of messages that still arrive. */
  readonly after: number;
}

export class Network {
  private readonly process = new AsyncLocalStorage<number>();
  private readonly sent = new Map<string, number>();
  private handler: ((socket: FakeSocket) => void) | null = null;

  constructor(private readonly cut: Cut | null = null) {}

  /** Runs `body` as process `rank`, which owns the connections it makes. */
  as<T>(rank: number, body: () => T): T {
    return this.process.run(rank, body);
  }

  /** Number of messages sent from one process to another. */
  count(from: number, to: number): number {
    return this.sent.get(`${from} ${to}`) ?? 0;
  }

  /** Calls `arrive` at the other end after the latency, unless the message is lost. */
  carry(from: number, to: number, arrive: () => void): void {
    const number = this.count(from, to);
    this.sent.set(`${from} ${to}`, number + 1);
    const { cut } = this;
    if (cut && cut.from === from && cut.to === to && number >= cut.after) return;
    setTimeout(() => this.as(to, arrive), LATENCY_MS);
  }

  /** Replaces node:net. */
  get net() {
    return {
      createServer: (handler: (socket: FakeSocket) => void) => new FakeServer(this, handler),
      connect: () => this.connect(),
    };
  }

  listen(handler: ((socket: FakeSocket) => void) | null): void {
    this.handler = handler;
  }

  private connect(): FakeSocket {
    const rank = this.process.getStore() ?? Number.NaN;
    const [mine, theirs] = [new FakeSocket(this, rank, 0), new FakeSocket(this, 0, rank)];
    mine.peer = theirs;
    theirs.peer = mine;
    this.carry(rank, 0, () => {
      const { handler } = this;
      const refuse = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      this.carry(0, rank, () => {
        if (mine.destroyed) return;
        if (!handler) {
          mine.destroy(refuse);
          return;
        }
        mine.emit('connect');
        this.carry(rank, 0, () => handler(theirs));
      });
    });
    return mine;
  }
}

class FakeServer extends EventEmitter {
  constructor(
    private readonly network: Network,
    private readonly handler: (socket: FakeSocket) => void,
  ) {
    super();
  }

  listen(_port: number, _host: string, listening: () => void): void {
    this.network.listen(this.handler);
    setTimeout(listening, 0);
  }

  address() {
    return { address: '127.0.0.1', port: 1 };
  }

  close(): void {
    this.network.listen(null);
  }
}

class FakeSocket extends EventEmitter {
  peer: FakeSocket | null = null;
  destroyed = false;
  private ended = false;
  readonly localAddress = '127.0.0.1';
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 1;

  constructor(
    private readonly network: Network,
    private readonly from: number,
    private readonly to: number,
  ) {
    super();
  }

  setNoDelay(): void {}
  setKeepAlive(): void {}

  write(data: Buffer): void {
    if (this.destroyed || this.ended) return;
    const { peer } = this;
    this.network.carry(this.from, this.to, () => {
      if (peer && !peer.destroyed) peer.emit('data', data);
    });
  }

  end(): void {
    if (this.destroyed || this.ended) return;
    this.ended = true;
    this.tellEnd();
  }

  destroy(error?: Error): void {
    if (this.destroyed) return;
    this.destroyed = true;
    if (!this.ended) this.tellEnd();
    setTimeout(() => {
      if (error) this.emit('error', error);
      this.emit('close');
    }, 0);
  }

  /** When one side of a connection ends, the other side closes it. */
  private tellEnd(): void {
    const { peer } = this;
    this.network.carry(this.from, this.to, () => peer?.hearEnd());
  }

  private hearEnd(): void {
    if (this.ended) this.destroy();
    else {
      this.end();
      this.destroy();
    }
  }
}
