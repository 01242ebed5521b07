import { expect, it } from 'vitest';
import { Room } from '../src/wasm/room.js';

it('reuses the memory of the last image after a reset', () => {
  const room = new Room();
  const [first, second] = [room.take(300_000), room.take(500_000)];
  expect([first.length, second.length]).toEqual([300_000, 500_000]);
  room.reset();
  const third = room.take(300_000);
  const fourth = room.take(500_000);
  expect(fourth.buffer).toBe(third.buffer);
  expect(fourth.byteOffset).toBe(300_000);
  room.reset();
  expect(room.take(10).buffer).toBe(third.buffer);
});

it('allocates separate memory for a larger image, and does not keep it', () => {
  const room = new Room();
  room.take(2 ** 26);
  room.reset();
  const large = room.take(2 ** 26);
  expect(large.length).toBe(2 ** 26);
  room.reset();
  expect(room.take(8).buffer).not.toBe(large.buffer);
});
