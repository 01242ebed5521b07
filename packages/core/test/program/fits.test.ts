/** A run has all of its memory before its first step, or fails with an error. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Device, DeviceMemory } from '../../src/devices/device.js';
import { cpu } from '../../src/native/cpu.js';
import { allocatePopulated, checkFits } from '../../src/program/fits.js';

const FITTING = { what: 'batch 8', advice: 'choose a smaller batch' };
const MB = 2 ** 20;

function resident(): number {
  return 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
}

describe.runIf(process.platform === 'linux')('allocated memory', () => {
  it('is backed at once, and by no more than its size', () => {
    const before = resident();
    const memory = allocatePopulated(cpu(), 64 * MB + 100, FITTING);
    const grown = resident() - before;
    // Meanwhile the process allocates and frees other memory.
    expect(grown).toBeGreaterThan(48 * MB);
    expect(grown).toBeLessThan(96 * MB);
    expect([...memory.read(64 * MB, 100)]).toEqual(Array(100).fill(0));
    memory.discard();
  });

  it('keeps its content if a part is populated again', () => {
    const memory = cpu().allocate(10_000);
    memory.write(5000, Uint8Array.of(1, 2, 3));
    memory.populate?.(4097, 1000);
    memory.populate?.(0, 10_000);
    expect([...memory.read(4999, 5)]).toEqual([0, 1, 2, 3, 0]);
    // Memory in WebAssembly is backed when it is allocated.
    if (memory.populate) expect(() => memory.populate?.(1, 10_000)).toThrow('outside a block');
  });
});

/** A device that reports `left` as its available bytes. */
function device(
  left: (mapped?: number) => number,
  more: Partial<Device> = {},
): Device & { readonly held: () => number } {
  let held = 0;
  const memory = (bytes: number): DeviceMemory => ({
    bytes,
    read: () => new Uint8Array(),
    readInto: () => {},
    write: () => {},
    populate: (_, length) => {
      held += length;
    },
    discard: () => {
      held = 0;
    },
  });
  return Object.assign(Object.create(cpu()) as Device, {
    availableBytes: left,
    limitedBy: () => ({ name: 'RLIMIT_DATA (ulimit -d)', remedy: 'raise that limit' }),
    allocate: memory,
    held: () => held,
    ...more,
  });
}

describe('too little memory', () => {
  it('is an error that names the needed and available bytes, the limit and a fix', () => {
    const few = device(() => 10 * MB);
    expect(() => checkFits(few, 24 * MB, FITTING)).toThrow(
      expect.objectContaining({
        code: 'ERR_MEMORY',
        message:
          'the plan for batch 8 needs 24.0 MiB (25165824 bytes) but only 10.0 MiB (10485760 bytes) are available under RLIMIT_DATA ' +
          '(ulimit -d): choose a smaller batch, or raise that limit',
      }),
    );
    expect(() => checkFits(few, 9 * MB, { ...FITTING, others: 2 * MB })).toThrow(
      'and the rest of the process 2.00 MiB more, but only',
    );
  });

  it('is an error even if others take the memory meanwhile, and nothing stays allocated', () => {
    let looks = 0;
    const shrinking = device(() => (looks++ === 0 ? 2048 * MB : 100 * MB));
    expect(() => allocatePopulated(shrinking, 1024 * MB, FITTING)).toThrow(
      expect.objectContaining({
        code: 'ERR_MEMORY',
        message: expect.stringMatching(/needs 1.00 GiB .* but only 356 MiB/),
      }),
    );
    expect(shrinking.held()).toBe(0);
  });

  it('is an error if the system refuses the allocation', () => {
    const refusing = device(() => Number.POSITIVE_INFINITY, { allocate: (bytes) => cpu().allocate(bytes) });
    expect(() => allocatePopulated(refusing, 2 ** 52, FITTING)).toThrow(
      expect.objectContaining({ code: 'ERR_MEMORY', message: expect.stringContaining('batch 8') }),
    );
  });
});
