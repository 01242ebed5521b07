/**
 * Names, shapes and order of every network's states, compared with PyTorch (tools/oracle/make_names.py).
 */
import { readFileSync } from 'node:fs';
import { InPlaceABN } from '@inplace-abn/nn';
import { describe, expect, it } from 'vitest';
import { ARCHITECTURES, createNetwork } from '../src/index.js';

type Table = [string, number[]][];

/** The tables of states.txt by heading; make_names.py describes the format. */
function readTables(): Map<string, Table> {
  const tables = new Map<string, Table>();
  let table: Table = [];
  for (const line of readFileSync(new URL('fixtures/states.txt', import.meta.url), 'utf8').split('\n')) {
    if (line === '') continue;
    if (line.startsWith(' ')) table.push(...statesOf(line.trim()));
    else {
      table = [];
      tables.set(line, table);
    }
  }
  return tables;
}

function statesOf(line: string): Table {
  const [name = '', ...words] = line.split(' ');
  if (words[0] !== 'abn') return [[name, words.map(Number)]];
  const vectors = ['weight', 'bias', 'running_mean', 'running_var'];
  const rows = vectors.map((state): [string, number[]] => [`${name}.${state}`, [Number(words[1])]]);
  return [...rows, [`${name}.num_batches_tracked`, []]];
}

const tables = readTables();

describe('state dictionaries', () => {
  it('are listed for every architecture', () => {
    expect([...tables.keys()].filter((heading) => !heading.includes(' '))).toEqual([...ARCHITECTURES]);
  });

  it.each([...tables])('of %s have the names and shapes of the reference, in its order', (heading, table) => {
    const [arch = '', option] = heading.split(' ');
    const network = createNetwork(arch, {
      normAct: (channels, options = {}) => new InPlaceABN(channels, options),
      classes: 1000,
      ...(option === 'input_3x3' ? { input3x3: true } : {}),
    });
    expect(network.namedStates().map(({ name, shape }) => [name, [...shape]])).toEqual(table);
  });
});
