/** The program of the README plans, trains, saves and runs a network in a few lines. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it("the README's program takes at most 25 lines", () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const [, program = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  for (const call of ['plan(', 'train(', 'save(', 'predict(']) expect(program).toContain(`session.${call}`);
  const lines = program.split('\n').filter((line) => line.trim() !== '');
  expect(lines.length).toBeLessThanOrEqual(25);
  const names = [...program.matchAll(/import \{([^}]*)\}/g)].flatMap(([, list = '']) => list.split(','));
  expect(names.length).toBeLessThanOrEqual(8);
});
