/** Several worlds meet in one process, and every rank must report failures. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { freePort, joinWorld, type MeetOptions, type World } from '../../src/index.js';
import { Connection, type Header } from '../../src/rendezvous/frames.js';
import { PROTOCOL } from '../../src/rendezvous/options.js';
import { proofOf } from '../../src/rendezvous/proof.js';

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Attempt {
  readonly rank: number;
  readonly size: number;
  readonly port: number;
  readonly host?: string;
  readonly options?: MeetOptions;
}

const QUICK: MeetOptions = { meetMs: 5_000, lossMs: 2_000, greetMs: 1_000 };

async function join({ rank, size, port, host = '127.0.0.1', options }: Attempt): Promise<World> {
  const world = await joinWorld({ rank, size, localRank: rank }, { host, port }, { ...QUICK, ...options });
  return world;
}

/** All worlds, closed together at the end of the test. */
async function meet(size: number, options: MeetOptions = {}): Promise<World[]> {
  const port = await freePort();
  const worlds = await Promise.all(
    Array.from({ length: size }, (_, rank) => join({ rank, size, port, options })),
  );
  cleanups.push(() => Promise.all(worlds.map((world) => world.close())));
  return worlds;
}

/** The error message of each attempt; empty if it succeeds. */
async function failures(attempts: readonly Promise<World>[]): Promise<string[]> {
  const settled = await Promise.allSettled(attempts);
  return settled.map((result) => (result.status === 'rejected' ? String(result.reason.message) : ''));
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

describe('a meeting', () => {
  it('gathers contributions in member order, whoever is first', async () => {
    const worlds = await meet(4);
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(3), { minLength: 1 }),
        fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 4 }),
        async (drawn, keys) => {
          const members = [...drawn].sort();
          const results = await Promise.all(
            keys.flatMap((key) =>
              drawn.map((rank) => worlds[rank]?.gather(key, members, bytes(`${key} of ${rank}`))),
            ),
          );
          const wanted = keys.flatMap((key) => drawn.map(() => members.map((rank) => `${key} of ${rank}`)));
          expect(results.map((all) => all?.map(text))).toEqual(wanted);
        },
      ),
      { numRuns: 30 },
    );
    expect(worlds.map(({ host }) => host)).toEqual(Array(4).fill('127.0.0.1'));
  });

  it('carries payloads larger than a packet, and empty ones', async () => {
    const worlds = await meet(2);
    const large = new Uint8Array(3_000_001).map((_, i) => i % 251);
    const all = await Promise.all(
      worlds.map((world, rank) => world.gather('k', [0, 1], rank ? large : new Uint8Array())),
    );
    expect(all.map((given) => given.map(({ length }) => length))).toEqual([
      [0, large.length],
      [0, large.length],
    ]);
    expect(Buffer.compare(all[0]?.[1] ?? new Uint8Array(), large)).toBe(0);
  });

  it('waits for ranks that start late, including rank 0', async () => {
    const port = await freePort();
    const early = join({ rank: 1, size: 2, port });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const worlds = await Promise.all([early, join({ rank: 0, size: 2, port })]);
    await Promise.all(worlds.map((world) => world.close()));
  });

  it('frees the port for immediate reuse', async () => {
    const port = await freePort();
    for (let round = 0; round < 3; round++) {
      const worlds = await Promise.all([0, 1].map((rank) => join({ rank, size: 2, port })));
      await Promise.all(worlds.map((world) => world.close()));
    }
  });

  it('is not disturbed by strangers', async () => {
    const port = await freePort();
    const first = join({ rank: 0, size: 2, port });
    const strangers = await Promise.all(
      ['', 'GET / HTTP/1.1\r\n\r\n', '\u0000\u0000\u0000\u0010\u0000\u0000\u0000\u0000{"type":"hello"}'].map(
        (line) => stranger(port, line),
      ),
    );
    cleanups.push(() => {
      for (const socket of strangers) socket.destroy();
    });
    const worlds = await Promise.all([first, join({ rank: 1, size: 2, port })]);
    const [gathered] = await Promise.all(worlds.map((world) => world.gather('k', [0, 1], bytes('x'))));
    expect(gathered?.map(text)).toEqual(['x', 'x']);
    await Promise.all(worlds.map((world) => world.close()));
  });

  async function stranger(port: number, line: string): Promise<Socket> {
    for (;;) {
      const socket = connect(port, '127.0.0.1').on('error', () => {});
      const [event] = await Promise.race([
        once(socket, 'connect').then(() => ['yes']),
        once(socket, 'close'),
      ]);
      if (event !== 'yes') continue;
      socket.write(line);
      return socket;
    }
  }
});

/** Speaks the protocol as any stranger could, and returns the replies. */
async function introduced(port: number, hello: Record<string, unknown>, secret = ''): Promise<Header[]> {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  const heard: Header[] = [];
  return new Promise((resolve) => {
    const connection: Connection = new Connection(socket, {
      frame({ header }) {
        heard.push(header);
        if (header.type !== 'challenge') return;
        const proof = proofOf(secret, 'member', String(header.nonce), 'mine');
        connection.send({ type: 'hello', protocol: PROTOCOL, nonce: 'mine', proof, ...hello });
      },
      gone: () => resolve(heard),
    });
  });
}

const listening = async (port: number) => {
  for (;;) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    const up = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'close').then(() => false),
    ]);
    socket.destroy();
    if (up) return;
  }
};

describe('strangers neither disrupt a meeting nor learn of it', () => {
  const identity = { configuration: 'of the run' };
  const hellos = [
    { rank: 1, size: 5, identity },
    { rank: 7, size: 2, identity },
    { rank: 1, size: 2, identity: { configuration: 'another' } },
    { rank: 1, size: 2, identity, protocol: 1 },
    { rank: '1\u001b[31m', size: 2, identity },
  ];

  it.each([
    ['without a secret', undefined],
    ['with a secret', 'of the run'],
  ])('%s', async (_, secret) => {
    const port = await freePort();
    const notes: string[] = [];
    const options: MeetOptions = { secret, identity, note: (line) => notes.push(line) };
    const first = join({ rank: 0, size: 2, port, options });
    await listening(port);
    for (const hello of hellos) {
      const answers = await introduced(port, hello);
      expect(answers.map(({ nonce, ...rest }) => rest)).toEqual([{ type: 'challenge' }, { type: 'refused' }]);
    }
    const worlds = await Promise.all([first, join({ rank: 1, size: 2, port, options })]);
    expect(worlds.map(({ rank }) => rank)).toEqual([0, 1]);
    expect(notes).toHaveLength(hellos.length);
    for (const note of notes) expect(note).not.toMatch(/\p{C}/u);
    await Promise.all(worlds.map((world) => world.close()));
  });

  it('with a secret, a rank that does not know it is refused', async () => {
    const port = await freePort();
    const options: MeetOptions = { secret: 'of the run', identity };
    const first = join({ rank: 0, size: 2, port, options });
    await listening(port);
    const answers = await introduced(port, { rank: 1, size: 2, identity }, 'a guess');
    expect(answers.at(-1)).toEqual({ type: 'refused' });
    const worlds = await Promise.all([first, join({ rank: 1, size: 2, port, options })]);
    await Promise.all(worlds.map((world) => world.close()));
  });

  it('without a secret, a stranger that claims a rank and leaves does not block the real one', async () => {
    const port = await freePort();
    const first = join({ rank: 0, size: 3, port });
    await listening(port);
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve) => {
      const connection: Connection = new Connection(socket, {
        frame({ header }) {
          const proof = proofOf('', 'member', String(header.nonce), 'mine');
          if (header.type === 'accepted') connection.drop();
          else connection.send({ type: 'hello', protocol: PROTOCOL, rank: 1, size: 3, nonce: 'mine', proof });
        },
        gone: () => resolve(),
      });
    });
    const worlds = await Promise.all([first, ...[1, 2].map((rank) => join({ rank, size: 3, port }))]);
    await Promise.all(worlds.map((world) => world.close()));
  });

  it('a process shows only the reasons of the real rank 0', async () => {
    const server: Server = createServer((socket) => {
      const connection: Connection = new Connection(socket, {
        frame: () => connection.send({ type: 'refused', reason: 'call 555-0100', proof: 'x' }),
        gone: () => {},
      });
      connection.send({ type: 'challenge', nonce: 'x' });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const [one] = await failures([join({ rank: 1, size: 2, port, options: { secret: 's' } })]);
    expect(one).toMatch(/^rank 1: \S+ refused this process: give all processes the same secret/);
  });
});

describe('rank 0 listens', () => {
  const elsewhere = '192.0.2.1';

  it('only on the address of the master', async () => {
    const port = await freePort();
    const first = join({ rank: 0, size: 2, port, host: '127.0.0.2' });
    const other = once(connect(port, '127.0.0.1'), 'connect');
    await expect(other).rejects.toThrow('ECONNREFUSED');
    const worlds = await Promise.all([first, join({ rank: 1, size: 2, port, host: '127.0.0.2' })]);
    await Promise.all(worlds.map((world) => world.close()));
  });

  it('on all addresses if the master is not this machine, but only with a secret', async () => {
    const port = await freePort();
    const [open] = await failures([join({ rank: 0, size: 2, port, host: elsewhere })]);
    expect(open).toContain(
      `rank 0 cannot listen at ${elsewhere}:${port}: it is not an address of this machine`,
    );
    const options = { secret: 's' };
    const first = join({ rank: 0, size: 2, port, host: elsewhere, options });
    const worlds = await Promise.all([first, join({ rank: 1, size: 2, port, options })]);
    await Promise.all(worlds.map((world) => world.close()));
  });

  it('and reports the ranks that it waits for', async () => {
    const port = await freePort();
    const notes: string[] = [];
    const options = { meetMs: 300, greetMs: 100, note: (line: string) => notes.push(line) };
    await failures([join({ rank: 0, size: 3, port, options })]);
    expect(notes).toEqual([`waiting for ranks 1, 2 of 3 at 127.0.0.1:${port}, up to 0.3 s`]);
  });
});

describe('every rank reports', () => {
  const cases: [string, (port: number) => Attempt[], RegExp][] = [
    [
      'two processes with one rank',
      (port) => [0, 1, 1].map((rank) => ({ rank, size: 3, port })),
      /two processes have RANK 1, 127\.0\.0\.1:\d+ and 127\.0\.0\.1:\d+/,
    ],
    [
      'another world size',
      (port) => [
        { rank: 0, size: 3, port },
        { rank: 1, size: 3, port },
        { rank: 2, size: 4, port },
      ],
      /rank 2 at 127\.0\.0\.1:\d+ was started with WORLD_SIZE 4, rank 0 with 3/,
    ],
    [
      'another configuration',
      (port) =>
        ['a', 'a', 'b'].map((configuration, rank) => ({
          rank,
          size: 3,
          port,
          options: { identity: { version: '1', configuration } },
        })),
      /the configuration differs: rank 2 at 127\.0\.0\.1:\d+ has b, rank 0 has a/,
    ],
    [
      'ranks that do not come',
      (port) => [0, 2].map((rank) => ({ rank, size: 4, port, options: { meetMs: 400 } })),
      /ranks 1, 3 of 4 did not join within 0\.4 s/,
    ],
  ];
  it.each(cases)('%s', async (_, attempts, message) => {
    const port = await freePort();
    const secret = 'of this run';
    const known = attempts(port).map((attempt) => ({ ...attempt, options: { ...attempt.options, secret } }));
    const found = await failures(known.map(join));
    for (const each of found) expect(each).toMatch(message);
  });

  it('a different secret', async () => {
    const port = await freePort();
    const options = { meetMs: 600 };
    const [zero, one] = await failures([
      join({ rank: 0, size: 2, port, options: { ...options, secret: 'right' } }),
      join({ rank: 1, size: 2, port, options: { ...options, secret: 'wrong' } }),
    ]);
    expect(one).toBe(
      `rank 1: 127.0.0.1:${port} refused this process: give all processes the same secret (IABN_SECRET)`,
    );
    expect(zero).toMatch(/rank 1 of 2 did not join within 0\.6 s; a process at \S+ has a different secret/);
  });

  async function occupied(answer: string | null): Promise<number> {
    const server: Server = createServer((socket) => {
      socket.on('error', () => {});
      if (answer !== null) socket.write(answer);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => new Promise((resolve) => server.close(resolve)));
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  it.each([
    ['says nothing', null],
    ['speaks another language', '220 mail.example.org ESMTP\r\n'],
  ])('the port of another program that %s', async (_, answer) => {
    const port = await occupied(answer);
    const options = { greetMs: 300 };
    const [zero, one] = await failures([0, 1].map((rank) => join({ rank, size: 2, port, options })));
    expect(zero).toContain(`rank 0 cannot listen at 127.0.0.1:${port}: another program listens there`);
    expect(one).toContain(`rank 1: the program listening at 127.0.0.1:${port} is not rank 0 of this run`);
  });

  it('an unknown host', async () => {
    const port = await freePort();
    const host = 'no-such-host.invalid';
    const [zero, one] = await failures([0, 1].map((rank) => join({ rank, size: 2, port, host })));
    expect(zero).toMatch(/rank 0 cannot listen at no-such-host\.invalid:\d+: .*MASTER_ADDR/);
    expect(one).toMatch(/rank 1.*no-such-host\.invalid.*MASTER_ADDR/);
  });

  it('a rank 0 that never comes', async () => {
    const port = await freePort();
    const [one] = await failures([join({ rank: 1, size: 2, port, options: { meetMs: 300 } })]);
    expect(one).toContain(`rank 1 did not reach rank 0 at 127.0.0.1:${port} within 0.3 s (ECONNREFUSED)`);
  });
});

describe('a world', () => {
  it('tells all others why one fails', async () => {
    const worlds = await meet(3);
    const heard = worlds.map((world) => new Promise((resolve) => world.onLost(resolve)));
    const waiting = expect(worlds[0]?.gather('k', [0, 1, 2], bytes('x'))).rejects.toThrow('the disk is full');
    await worlds[1]?.fail('rank 1: the disk is full');
    const loss = { rank: 1, reason: 'rank 1: the disk is full' };
    expect(await Promise.all(heard)).toEqual([loss, loss, loss]);
    await waiting;
    await expect(worlds[2]?.gather('later', [0, 2], bytes('x'))).rejects.toThrow('the disk is full');
    cleanups.splice(0);
    await Promise.all([worlds[0]?.close(), worlds[2]?.close()]);
  });

  it('does not block a finished rank when another is lost', async () => {
    const worlds = await meet(3);
    const leaving = worlds[1]?.close();
    await worlds[2]?.fail('rank 2: out of memory');
    // Rank 0 continues its work.
    await leaving;
    cleanups.splice(0);
    await worlds[0]?.close();
  });

  it('can lose rank 0 too', async () => {
    const worlds = await meet(3);
    const heard = worlds.slice(1).map((world) => new Promise((resolve) => world.onLost(resolve)));
    await worlds[0]?.fail('rank 0: out of memory');
    for (const loss of await Promise.all(heard))
      expect(loss).toEqual({ rank: 0, reason: 'rank 0: out of memory' });
    cleanups.splice(0);
    await Promise.all(worlds.slice(1).map((world) => world.close()));
  });
});
