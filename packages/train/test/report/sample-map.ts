import type { MapBuffer, MemoryMap } from '@inplace-abn/core';

/**
 * A made-up training step of a plain chain of layers, placed first-fit, with the triangle shape of real
 * plans.
 */
export function sampleMap(layers: number, bytesOf: (layer: number) => number): MemoryMap {
  const last = 2 * layers - 1;
  const instructions = Array.from({ length: 2 * layers }, (_, i) => {
    const layer = i < layers ? i : last - i;
    return { op: i < layers ? 'conv2d' : 'conv2d_backward', path: `mod${layer}.conv` };
  });
  const wanted: Omit<MapBuffer, 'offset'>[] = [
    { name: 'images', path: '', kind: 'input', bytes: 4e6, start: 0, end: last },
  ];
  for (let layer = 0; layer < layers; layer++) {
    const path = `mod${layer}.conv`;
    const bytes = bytesOf(layer);
    const inPlace = layer % 2 === 1 ? ['z'] : undefined;
    wanted.push({ name: 'y', path, kind: 'activation', bytes, start: layer, end: last - layer, inPlace });
    wanted.push({
      name: 'dy',
      path,
      kind: 'gradient',
      bytes,
      start: last - layer - (layer < layers - 1 ? 1 : 0),
      end: last - layer,
    });
    wanted.push({ name: 'scratch', path, kind: 'workspace', bytes: 1e6, start: layer, end: layer });
  }
  const buffers = place(wanted);
  const live = instructions.map((_, i) =>
    buffers.filter((b) => b.start <= i && i <= b.end).reduce((sum, b) => sum + b.bytes, 0),
  );
  const bytes = Math.max(...live);
  const arenaBytes = Math.max(...buffers.map((b) => b.offset + b.bytes));
  return { arenaBytes, instructions, peak: { instruction: live.indexOf(bytes), bytes }, buffers };
}

function place(wanted: readonly Omit<MapBuffer, 'offset'>[]): MapBuffer[] {
  const placed: MapBuffer[] = [];
  for (const buffer of wanted) {
    const live = placed.filter((other) => other.start <= buffer.end && buffer.start <= other.end);
    const blocked = (offset: number) =>
      live.find((other) => other.offset < offset + buffer.bytes && offset < other.offset + other.bytes);
    let offset = 0;
    for (let other = blocked(offset); other; other = blocked(offset)) offset = other.offset + other.bytes;
    placed.push({ ...buffer, offset });
  }
  return placed;
}
