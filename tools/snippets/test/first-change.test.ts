/** docs/first-change.md: its activation has the values that its test expects. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { run, type Value } from '@inplace-abn/core';
import { expect, it } from 'vitest';
import { typeErrors } from '../check-types.js';
import { ROOT } from '../quotes.mjs';

/** The imports of the files to which the page's first two blocks belong. */
const IMPORTS = `
import type { DType, Value } from '@inplace-abn/core';
import { call, number, operand } from '../../packages/core/src/ir/expression.js';
import { emitElementwise } from '../../packages/core/src/ops/elementwise.js';
`;

interface FirstChange {
  readonly unary: readonly [name: string, fn: (x: Value<'float32'>) => Value, js: (x: number) => number][];
}

it('the activation of the first change has the expected values', async () => {
  const text = readFileSync(path.join(ROOT, 'docs/first-change.md'), 'utf8');
  const [op, row, program] = [...text.matchAll(/^```ts fragment\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
  const table = `export const unary: [string, typeof gelu, (x: number) => number][] = [\n${row}];\n`;
  const folder = path.join(ROOT, '.cache', 'snippets');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'first-change.ts');
  writeFileSync(file, `${IMPORTS}${op}${table}`);
  expect(typeErrors([file])).toEqual([]);
  expect(program).toContain('gelu(x)');
  const { unary }: FirstChange = await import(pathToFileURL(file).href);
  const data = Float32Array.of(-3, -1, -0.1, 0, 0.5, 2);
  expect(unary).toHaveLength(1);
  for (const [name, fn, js] of unary) {
    expect(name).toBe('gelu');
    const { y } = await run(({ x }) => ({ y: fn(x) }), { x: { shape: [1, data.length], data } });
    for (const [i, value] of y.entries()) expect(Number(value)).toBeCloseTo(js(data[i] ?? Number.NaN), 6);
  }
});
