import { expect, it } from 'vitest';
import { alignColumns } from '../src/index.js';

it('pads each cell to the widest of its column', () => {
  const rows = [
    ['name', 'MiB', ''],
    ['conv', '12'],
    ['batch norm', '3456', 'kept'],
  ];
  expect(alignColumns(rows, (column) => column === 1)).toEqual([
    ['name      ', ' MiB', '    '],
    ['conv      ', '  12'],
    ['batch norm', '3456', 'kept'],
  ]);
});
