/**
 * A message that stops halfway, as if a wire is cut in one direction: an abort ends the wait for the rest.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { loadNative, type NativeGroup } from '@inplace-abn/core';
import { describe, expect, it, onTestFinished } from 'vitest';

/** In Gloo, a process connects to peers with lower addresses. */
const [OWN, PEER] = ['127.0.0.2', '127.0.0.1'];
const LANES = 2;
/** Bytes, opcode, slot, offset, length, remote offset: 64 bits each. */
const PREAMBLE = 48;
const [SEND, SEND_READY, RECEIVE_READY] = [1, 2, 3];
const REASON = 'rank 1 was lost';

function preamble(opcode: number, slot: bigint, length: number): Buffer {
  const bytes = Buffer.alloc(PREAMBLE);
  bytes.writeBigUInt64LE(BigInt(PREAMBLE + (opcode === SEND ? length : 0)), 0);
  bytes.writeBigUInt64LE(BigInt(opcode), 8);
  bytes.writeBigUInt64LE(slot, 16);
  bytes.writeBigUInt64LE(BigInt(length), 32);
  return bytes;
}

/** Rank 0 of a group of two, with this test as rank 1. */
async function groupOf(
  name: string,
  heard: (socket: Socket, opcode: number, slot: bigint) => void,
): Promise<NativeGroup> {
  const { Group } = loadNative();
  const timeouts = { timeoutMs: 1_800_000, connectTimeoutMs: 60_000 };
  const native = new Group({ name, rank: 0, size: 2, perNode: 1, hostname: OWN, ...timeouts });
  onTestFinished(() => native.close());
  const addresses = await Promise.all(native.addresses().map((peers) => awaitLane(peers[1], heard)));
  expect(addresses).toHaveLength(LANES);
  await native.connect(addresses.map((address) => [new Uint8Array(), address]));
  return native;
}

/** Listens for a lane's connection; returns the address in the group's format. */
async function awaitLane(
  own: Uint8Array | undefined,
  heard: (socket: Socket, opcode: number, slot: bigint) => void,
): Promise<Uint8Array> {
  const server = createServer((socket) => {
    onTestFinished(() => {
      socket.destroy();
    });
    let read = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      read = Buffer.concat([read, chunk]);
      // Newer versions of Gloo first send a connection number.
      const start = read.length >= 8 && read.readBigUInt64LE(0) < PREAMBLE ? 8 : 0;
      if (read.length < start + PREAMBLE) return;
      socket.removeAllListeners('data');
      heard(socket, Number(read.readBigUInt64LE(start + 8)), read.readBigUInt64LE(start + 16));
    });
  });
  server.listen(0, PEER);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  const address = Buffer.from(own ?? []);
  address.writeUInt16BE((server.address() as AddressInfo).port, 2);
  address.set(PEER.split('.').map(Number), 4);
  return address;
}

/** Bytes that the kernel buffers between the two ends of a local connection. */
function underWay({ localPort = 0, remotePort = 0 }: Socket): number {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');
  const ends = new RegExp(
    `:(${hex(localPort)}|${hex(remotePort)}) [0-9A-F]+:(${hex(localPort)}|${hex(remotePort)}) 01 (\\w+):(\\w+)`,
    'g',
  );
  const found = [...readFileSync('/proc/net/tcp', 'utf8').matchAll(ends)];
  return found.reduce((sum, [, , , sent = '', received = '']) => {
    return sum + Number.parseInt(sent, 16) + Number.parseInt(received, 16);
  }, 0);
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('an abort ends the wait for the rest of a message', () => {
  it('after part of it was received', async () => {
    const length = 100_000;
    let received: (socket: Socket) => void = () => {};
    const part = new Promise<Socket>((resolve) => {
      received = resolve;
    });
    const native = await groupOf('receives', (socket, opcode, slot) => {
      if (opcode !== RECEIVE_READY) return;
      const whole = [
        preamble(SEND_READY, slot, length),
        preamble(SEND, slot, length),
        Buffer.alloc(length / 2),
      ];
      socket.write(Buffer.concat(whole), () => received(socket));
    });
    const outcome = native.broadcast(new Uint8Array(length), 1).catch((error: Error) => error.message);
    const socket = await part;
    while (underWay(socket) > 0) await turn();
    native.abort(REASON);
    expect(await outcome).toContain(REASON);
  });

  it('after part of it was sent', async () => {
    // More than the kernel buffers for a peer that does not read.
    const length = 2 ** 25;
    let begun: () => void = () => {};
    const part = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const native = await groupOf('sends', (socket, opcode, slot) => {
      if (opcode !== SEND_READY) return;
      socket.write(preamble(RECEIVE_READY, slot, length));
      socket.once('data', () => {
        socket.pause();
        begun();
      });
    });
    const outcome = native.broadcast(new Uint8Array(length), 0).catch((error: Error) => error.message);
    await part;
    native.abort(REASON);
    expect(await outcome).toContain(REASON);
  });
});
