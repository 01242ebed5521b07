import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CANDIDATES, regretOf, worthOf } from '../lib/candidates.mjs';

const SIGNATURES = [
  // float_images is fastest, and so is channel_parts, which shares a candidate with it.
  {
    name: 'a',
    count: 3,
    chosen: 'onednn',
    seconds: { onednn: 5, 'float32 images in parts': 2, winograd: 4 },
  },
  { name: 'b', count: 2, chosen: 'winograd', seconds: { onednn: 8, winograd: 1 } },
  { name: 'c', count: 1, chosen: 'grouped', seconds: { grouped: 7 } },
];

const worth = (family) => worthOf(SIGNATURES).find((one) => one.family === family);

describe('the worth of a family', () => {
  it('is the time lost to its best rival, times the number of such convolutions in a step', () => {
    expect(worth('winograd')).toMatchObject({ among: 2, fastest: 1, needed: 0, loss: 14 });
    expect(worth('oneDNN')).toMatchObject({ among: 2, fastest: 0, loss: 0 });
  });

  it('counts a candidate of two families in both', () => {
    expect(worth('float_images')).toMatchObject({ fastest: 1, loss: 6 });
    expect(worth('channel_parts')).toMatchObject({ fastest: 1, loss: 6 });
  });

  it('counts no time if it has no rival', () => {
    expect(worth('grouped')).toMatchObject({ among: 1, needed: 1, loss: 0 });
    expect(worth('tiled')).toMatchObject({ among: 0, fastest: 0 });
  });
});

it('compares what autotuning chose with the fastest', () => {
  expect(regretOf(SIGNATURES)).toBe(9);
});

it('knows the candidates of all convolutions', () => {
  const names = ['conv2d', 'conv2d_fused', 'conv2d_backward_data', 'conv2d_backward_weights'].flatMap(
    (op) => {
      const source = readFileSync(new URL(`../../native/cpu/ops/${op}.cc`, import.meta.url), 'utf8');
      const listed = source.slice(source.indexOf('OpRegistration registration'));
      return [...listed.matchAll(/(?:[{(]\s*)"([^"]+)",\s*(?!\s*\{)/g)]
        .map(([, name = '']) => name)
        .filter((name) => name !== op);
    },
  );
  expect(new Set(names)).toEqual(new Set(CANDIDATES));
});
