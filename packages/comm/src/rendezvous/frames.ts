/**
 * Framed messages over TCP: two big-endian uint32 (header bytes, payload bytes), the header as JSON, then the
 * payload. Sizes are limited, so that a stranger cannot make a process allocate memory.
 */
import type { Socket } from 'node:net';

export interface Header {
  readonly type: string;
  readonly [key: string]: unknown;
}

export interface Frame {
  readonly header: Header;
  readonly payload: Uint8Array;
}

export interface Limits {
  readonly header: number;
  readonly payload: number;
}

/** Limits before a process is authenticated. */
const STRANGER: Limits = { header: 16 * 1024, payload: 0 };
/** Limits afterwards. */
export const MEMBER: Limits = { header: 2 ** 20, payload: 2 ** 28 };

const PREFIX = 8;

function encodeFrame(header: Header, payload: Uint8Array = new Uint8Array()): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(text.length, 0);
  prefix.writeUInt32BE(payload.length, 4);
  return Buffer.concat([prefix, text, payload]);
}

/** Splits received data into frames. Throws on malformed data. */
class FrameReader {
  limits: Limits = STRANGER;
  private chunks: Buffer[] = [];
  private length = 0;

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.length += chunk.length;
  }

  /** The next complete frame; null until it has arrived. */
  next(): Frame | null {
    if (this.length < PREFIX) return null;
    const buffered = this.whole();
    const [header, payload] = [buffered.readUInt32BE(0), buffered.readUInt32BE(4)];
    if (header > this.limits.header || payload > this.limits.payload) {
      throw new Error(`a message of ${header} and ${payload} bytes is too long`);
    }
    const end = PREFIX + header + payload;
    if (this.length < end) return null;
    const frame = {
      header: parseHeader(buffered.subarray(PREFIX, PREFIX + header)),
      payload: Uint8Array.from(buffered.subarray(PREFIX + header, end)),
    };
    this.chunks = [buffered.subarray(end)];
    this.length -= end;
    return frame;
  }

  private whole(): Buffer {
    const [only] = this.chunks;
    const whole = this.chunks.length === 1 && only ? only : Buffer.concat(this.chunks);
    this.chunks = [whole];
    return whole;
  }
}

function parseHeader(text: Buffer): Header {
  const header: unknown = JSON.parse(text.toString('utf8'));
  if (
    typeof header !== 'object' ||
    header === null ||
    !('type' in header) ||
    typeof header.type !== 'string'
  ) {
    throw new Error('a message has no type');
  }
  return header as Header;
}

export interface ConnectionEvents {
  frame(frame: Frame): void;
  /** Called once when the connection is gone; no frame follows. */
  gone(why: string): void;
}

/** A socket that carries frames. */
export class Connection {
  readonly reader = new FrameReader();
  /** The peer's address and port, for messages. */
  readonly peer: string;
  private ended = false;

  constructor(
    readonly socket: Socket,
    public events: ConnectionEvents,
  ) {
    this.peer = `${plainAddress(socket.remoteAddress)}:${socket.remotePort ?? '?'}`;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 10_000);
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', (error) => this.gone(error.message));
    socket.on('close', () => this.gone('its connection was closed'));
  }

  send(header: Header, payload?: Uint8Array): void {
    if (!this.ended) this.socket.write(encodeFrame(header, payload));
  }

  /** Sends everything queued, then closes. Resolves when done, or when the connection is gone. */
  end(): Promise<void> {
    this.ended = true;
    return new Promise((resolve) => {
      this.socket.once('close', () => resolve());
      if (this.socket.destroyed) resolve();
      this.socket.end();
      // Do not wait for a peer that does not read.
      setTimeout(() => this.socket.destroy(), 2_000).unref();
    });
  }

  drop(): void {
    this.ended = true;
    this.socket.destroy();
  }

  private receive(chunk: Buffer): void {
    this.reader.push(chunk);
    try {
      for (let frame = this.reader.next(); frame; frame = this.reader.next()) this.events.frame(frame);
    } catch (error) {
      this.socket.destroy();
      this.gone(`it sent an invalid message (${error instanceof Error ? error.message : String(error)})`);
    }
  }

  private gone(why: string): void {
    const { events } = this;
    this.events = { frame: () => {}, gone: () => {} };
    events.gone(why);
  }
}

/** An address without the IPv4-mapped IPv6 prefix. */
export function plainAddress(address: string | undefined): string {
  return (address ?? 'unknown').replace(/^::ffff:/, '');
}
