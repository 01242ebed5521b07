// Reads damaged and generated checkpoints for a number of minutes: each must give a value or a
// CheckpointError, quickly and without much memory. The tests do the same for seconds; run this after a
// change of the reader.
//   npm run build && node tools/fuzz-checkpoint/fuzz.mjs [MINUTES] [SEED]
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CheckpointError,
  inspectCheckpoint,
  openStateDict,
  readContent,
  readStateDict,
  readTorch,
} from '../../packages/checkpoint/dist/index.js';
import { mutate, randomFrom } from './mutate.mjs';

/** A read that takes longer, or a process that grows larger, is a failure. */
const MAX_MS = 10_000;
const MAX_RSS = 2 ** 30;

const minutes = Number(process.argv[2] ?? 1);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 32);
const corpus = fileURLToPath(new URL('../../packages/checkpoint/test/fixtures/torch/', import.meta.url));
const files = readdirSync(corpus)
  .filter((name) => name.endsWith('.pth'))
  .map((name) => readFileSync(join(corpus, name)));

const folder = mkdtempSync(join(tmpdir(), 'fuzz-checkpoint-'));
const path = join(folder, 'a.pth');
const random = randomFrom(seed);
const counts = { runs: 0, read: 0, refused: 0, slowest: 0, rss: 0 };
/** Refusals by reason, without numbers and names; they show how far into the reader files get. */
const reasons = new Map();

process.stdout.write(`seed ${seed}\n`);
const end = Date.now() + minutes * 60_000;
try {
  while (Date.now() < end) await once();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const { runs, read, refused, slowest, rss } = counts;
process.stdout.write(
  `${runs} files: ${read} read, ${refused} refused for ${reasons.size} reasons; slowest ${slowest.toFixed(0)} ms, largest process ${(rss / 2 ** 20).toFixed(0)} MiB\n`,
);

async function once() {
  const bytes = mutate(files, random);
  writeFileSync(path, bytes);
  const start = performance.now();
  for (const read of [readTorch, readStateDict, readStreams, inspectCheckpoint]) {
    try {
      await read(path);
      counts.read++;
    } catch (error) {
      if (!(error instanceof CheckpointError)) find(bytes, String(error?.stack ?? error));
      counts.refused++;
      const reason = error.message.slice(path.length).replaceAll(/"[^"]*"|\d+|\[.*?\]/g, '#');
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    counts.runs++;
  }
  const took = performance.now() - start;
  counts.slowest = Math.max(counts.slowest, took);
  if (took > MAX_MS) find(bytes, `it took ${took.toFixed(0)} ms`);
  counts.rss = Math.max(counts.rss, process.memoryUsage.rss());
  if (counts.rss > MAX_RSS) find(bytes, `the process has ${counts.rss} bytes`);
}

/** @param {string} path */
async function readStreams(path) {
  const { tensors } = await openStateDict(path);
  for (const [name, tensor] of tensors) await readContent(name, tensor);
}

/** Keeps the file and stops. */
function find(bytes, what) {
  const kept = join(tmpdir(), `fuzz-checkpoint-find-${seed}-${counts.runs}.pth`);
  writeFileSync(kept, bytes);
  throw new Error(`${what}\nThe file is ${kept}, the seed ${seed}.`);
}
