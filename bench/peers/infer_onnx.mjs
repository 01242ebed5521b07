// @ts-check
// Times onnxruntime-node on one model, one run per request, so that a bench can take turns.
//
//   node infer_onnx.mjs --package FOLDER --model FILE --batch N --threads N
//
// FOLDER/node_modules holds onnxruntime-node.
//
// The first line printed says {"ready": true, ...} or {"error": "..."}. Then "run" on standard input runs the model and
// prints {"seconds": ...}; "logits" prints {"logits": [...]}; "quit" or the end of input ends the program.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { logicalImages } from '../lib/images.mjs';

const say = (/** @type {object} */ answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

const { values } = parseArgs({
  options: {
    package: { type: 'string' },
    model: { type: 'string' },
    batch: { type: 'string' },
    threads: { type: 'string' },
  },
});
const load = createRequire(join(values.package ?? '.', 'package.json'));
const [batch, threads] = [Number(values.batch), Number(values.threads)];

async function start() {
  const { InferenceSession, Tensor } = load('onnxruntime-node');
  const session = await InferenceSession.create(values.model ?? '', {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  const x = new Tensor('float32', logicalImages(batch), [batch, 3, 224, 224]);
  await session.run({ x });
  return { session, x };
}

try {
  const { session, x } = await start();
  const { version } = load('onnxruntime-node/package.json');
  say({ ready: true, versions: { onnxruntime: version }, threads, batch });
  for await (const line of createInterface({ input: process.stdin })) {
    const request = line.trim();
    if (request === 'quit') break;
    if (request === 'run') {
      const begin = performance.now();
      await session.run({ x });
      say({ seconds: (performance.now() - begin) / 1000 });
    } else if (request === 'logits') {
      const { logits } = await session.run({ x });
      say({ logits: Array.from(logits.data) });
    } else {
      say({ error: `unknown request '${request}': expected run, logits or quit` });
    }
  }
} catch (error) {
  say({ error: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) });
}
process.exit();
