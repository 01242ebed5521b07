/**
 * Training that moves from one machine to the next: `npm run test:arm64` runs this file on several of them
 * with one folder.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Session } from '@inplace-abn/session';
import { expect, it } from 'vitest';
import { batchOf, CLASSES, session } from '../../packages/session/test/support/stripes.js';

const FOLDER = process.env.IABN_TEST_CHECKPOINTS;
const STEPS = 5;
const [STATE, WEIGHTS, PREDICTIONS] = ['.state', '.safetensors', '.json'];

/** Losses of training steps from `first` on. */
async function train(of: Session, first: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = first; step < first + STEPS; step++) {
    const { x, y } = batchOf(12, step);
    losses.push((await of.train(x, y)).loss);
  }
  return losses;
}

const predictions = async (of: Session) => [...(await of.predict(batchOf(6).x)).data];

function expectClose(found: readonly number[], expected: readonly number[], what: string): void {
  expect(found, what).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) {
    const error = Math.abs((found[i] ?? Number.NaN) - value);
    expect(error, `${what} ${i}`).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
  }
}

/** The class of each row. */
const classes = (rows: readonly number[]) =>
  Array.from({ length: rows.length / CLASSES }, (_, row) => {
    const scores = rows.slice(row * CLASSES, (row + 1) * CLASSES);
    return scores.indexOf(Math.max(...scores));
  });

it.skipIf(!FOLDER)(
  'predicts as on the previous machine, and resumes with the losses of an uninterrupted run',
  async () => {
    const folder = FOLDER ?? '';
    const before = (await readdir(folder)).filter((name) => name.endsWith(STATE)).sort();
    const own = session();
    const last = before.at(-1)?.slice(0, -STATE.length);
    if (last !== undefined) {
      await own.loadState(join(folder, last + STATE));
      const loaded = session({ seed: 1 });
      await loaded.load(join(folder, last + WEIGHTS));
      expect(loaded.state).toEqual(own.state);
      await loaded.save(join(folder, 'copy'));
      expect(await readFile(join(folder, 'copy'))).toEqual(await readFile(join(folder, last + WEIGHTS)));
      const theirs: number[] = JSON.parse(await readFile(join(folder, last + PREDICTIONS), 'utf8'));
      const found = await predictions(loaded);
      expectClose(found, theirs, 'prediction');
      expect(classes(found)).toEqual(classes(theirs));
    }
    const stayed = session();
    for (let part = 0; part < before.length; part++) await train(stayed, part * STEPS);
    const first = before.length * STEPS;
    expectClose(await train(own, first), await train(stayed, first), 'loss');
    const path = join(folder, `${before.length}-${process.platform}-${process.arch}`);
    await own.saveState(path + STATE);
    await own.save(path + WEIGHTS);
    await writeFile(path + PREDICTIONS, JSON.stringify(await predictions(own)));
  },
);
