import { describe, expect, it } from 'vitest';
import { cpu } from '../../src/native/cpu.js';

describe('device memory', () => {
  it('reads what was written, and zeros after discard', () => {
    const memory = cpu().allocate(1 << 20);
    memory.write(4096, Uint8Array.of(1, 2, 3));
    expect([...memory.read(4095, 5)]).toEqual([0, 1, 2, 3, 0]);
    memory.discard();
    expect(memory.bytes).toBe(1 << 20);
    expect([...memory.read(4095, 5)]).toEqual([0, 0, 0, 0, 0]);
    memory.write(0, Uint8Array.of(7));
    expect([...memory.read(0, 1)]).toEqual([7]);
  });
});
