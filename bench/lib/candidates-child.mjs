// @ts-check
// Times every candidate of every distinct convolution of a training step, and the step; prints JSON.
import { byteLength, cpu } from '@inplace-abn/core';
import { planReport } from '@inplace-abn/recipes';
import { describeConvolution, fill } from './bare-convolutions.mjs';
import { CANDIDATES } from './candidates.mjs';
import { recordingDevice } from './recording-device.mjs';
import { countsOf } from './stats.mjs';
import { networkConfig, trainerOf } from './training.mjs';
import { secondsOf, takeTurns } from './turns.mjs';

/** @typedef {import('@inplace-abn/core').KernelSpec} KernelSpec */
/** @typedef {import('@inplace-abn/core').TensorType} TensorType */

/** Timed steps, after one warm-up step. */
const STEPS = 4;
/** After this many rounds, only candidates within `SLOWER` times the fastest are timed. */
const FIRST_ROUNDS = 2;
const SLOWER = 1.5;

const [arch = 'resnet50', batch = '16', precision = 'float32', rounds = '9'] = process.argv.slice(2);
if (precision !== 'float32' && precision !== 'bfloat16') throw new Error(`unknown precision ${precision}`);
const config = networkConfig(arch, Number(batch), precision);

const { device, specs } = recordingDevice();
const { plan } = planReport(config, Number(batch), device);
const signatures = [];
for (const [kernel, count] of countsOf(plan.instructions.map((instruction) => instruction.kernel))) {
  const spec = specs.get(kernel);
  if (!spec?.op.startsWith('conv2d')) continue;
  const seconds = await timesOf(spec);
  signatures.push({ name: describeConvolution(spec), count, chosen: kernel.choice?.name ?? '', seconds });
}
const { step } = trainerOf(config, cpu())();
const [times] = await takeTurns([() => secondsOf(step)], { warmUp: 1, rounds: STEPS });
process.stdout.write(JSON.stringify({ times, signatures }));

/**
 * The shortest run of each candidate that accepts the specification, in turn.
 * @param {KernelSpec} spec
 */
async function timesOf(spec) {
  const accepting = CANDIDATES.flatMap((choice) => {
    const kernel = cpu().prepare({ ...spec, choice });
    return kernel.choice?.name === choice && kernel.choice.refusal === '' ? [{ choice, kernel }] : [];
  });
  const place = (/** @type {number} */ bytes) => ({ memory: cpu().allocate(bytes), offset: 0 });
  const operand = (/** @type {TensorType} */ type) => {
    const location = place(byteLength(type));
    location.memory.write(0, fill(type));
    return location;
  };
  const inputs = spec.inputs.map((type) => type && operand({ ...type, shape: pitched(type) }));
  const outputs = spec.outputs.map((type) => operand({ ...type, shape: pitched(type) }));
  const workspace = place(Math.max(1, ...accepting.map(({ kernel }) => kernel.workspaceBytes)));
  const executable = cpu().load(accepting.map(({ kernel }) => ({ kernel, inputs, outputs, workspace })));
  const times = accepting.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < Number(rounds); round++) {
    const limit = round < FIRST_ROUNDS ? Number.POSITIVE_INFINITY : SLOWER * Math.min(...times);
    for (const [index, least] of times.entries()) {
      if (least > limit) continue;
      const { timings } = await executable.run([], [], { begin: index, end: index + 1 }, true);
      const [timing] = timings;
      if (timing) times[index] = Math.min(least, timing.end - timing.begin);
    }
  }
  for (const location of [...inputs, ...outputs, workspace]) location?.memory.discard();
  return Object.fromEntries(accepting.map(({ choice }, index) => [choice, times[index]]));
}

/**
 * The shape of a dense tensor that spans a strided one.
 * @param {NonNullable<KernelSpec['inputs'][number]>} type
 */
function pitched({ shape, pitch }) {
  return pitch === undefined ? shape : shape.map((size, axis) => (axis === 1 ? pitch : size));
}
