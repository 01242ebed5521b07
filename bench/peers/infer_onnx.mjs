// @ts-check
// Times onnxruntime-node on one model, one run per request, so that a bench can take turns.
//
//   node infer_onnx.mjs --model FILE --batch N --threads N
//
// The first line printed says {"ready": true, ...} or {"error": "..."}. Then "run" on standard input runs the
// model and prints {"seconds": ...}; "logits" prints {"logits": [...]}; "quit" or the end of input ends the
// program.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import version from 'onnxruntime-node/package.json' with { type: 'json' };
import { logicalImages } from '../lib/images.mjs';

const say = (/** @type {object} */ answer) => process.stdout.write(`${JSON.stringify(answer)}\n`);

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    batch: { type: 'string' },
    threads: { type: 'string' },
  },
});
const [batch, threads] = [Number(values.batch), Number(values.threads)];

async function start() {
  const session = await InferenceSession.create(values.model ?? '', {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  const input = new Tensor('float32', logicalImages(batch), [batch, 3, 224, 224]);
  await session.run({ input });
  return { session, input };
}

try {
  const { session, input } = await start();
  say({ ready: true, versions: { onnxruntime: version.version }, threads, batch });
  for await (const line of createInterface({ input: process.stdin })) {
    const request = line.trim();
    if (request === 'quit') break;
    if (request === 'run') {
      const begin = performance.now();
      await session.run({ input });
      say({ seconds: (performance.now() - begin) / 1000 });
    } else if (request === 'logits') {
      const { output } = await session.run({ input });
      say({ logits: Array.from(output?.data ?? [], Number) });
    } else {
      say({ error: `unknown request '${request}': expected run, logits or quit` });
    }
  }
} catch (error) {
  say({ error: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) });
}
process.exit();
