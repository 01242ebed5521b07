// @ts-check
// The time of ResNet-50's evaluation at 224×224, images to logits. onnxruntime gets our network with our
// weights as an ONNX model in float32 (it folds the normalization itself) and must return our logits. PyTorch
// runs torchvision's network with ReLU under no_grad in our dtype, eager in both memory formats, and with the
// normalization folded by torch.fx. Training's forward pass is timed for reference.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpu, formatBytes } from '@inplace-abn/core';
import { exportOnnx } from '@inplace-abn/interop';
import { planBound } from '@inplace-abn/train';
import { resnet50Inference, runner } from '../lib/inference.mjs';
import { pairRow } from '../lib/pairs.mjs';
import { Peer, PeerError } from '../lib/peer.mjs';
import { startForms, stopForms } from '../lib/peer-forms.mjs';
import { describe } from '../lib/stats.mjs';
import { PRECISIONS } from '../lib/training.mjs';
import { takePairs } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/suites.mjs').Refusal} Refusal */
/** @typedef {import('../lib/suites.mjs').BenchOptions} BenchOptions */
/** @typedef {import('../lib/training.mjs').Precision} Precision */
/** @typedef {ReturnType<typeof resnet50Inference>} Network */

const NAME = 'infer-resnet50';
const BATCHES = [16, 1];
const FORMS = [
  { title: 'channels_last', args: ['--memory-format', 'channels_last'] },
  { title: 'contiguous_format', args: ['--memory-format', 'contiguous_format'] },
  { title: 'channels_last, folded', args: ['--memory-format', 'channels_last', '--fold'] },
  { title: 'contiguous_format, folded', args: ['--memory-format', 'contiguous_format', '--fold'] },
];
/** Largest difference of a logit relative to the largest logit: sums are taken in another order. */
const AGREES = { float32: 1e-4, bfloat16: 0.05 };

/** @param {BenchOptions} options */
export async function run({ steps = 7, batch, limits, say, onRows }) {
  /** @type {(Row | Refusal)[]} */
  const rows = [];
  for (const size of batch ? [batch] : BATCHES) {
    const some = await measure(size, { steps, limits, say });
    onRows?.(some);
    rows.push(...some);
  }
  return rows;
}

/**
 * @param {number} batch
 * @param {BenchOptions & { steps: number }} options
 */
async function measure(batch, options) {
  const network = resnet50Inference(batch);
  const folder = await mkdtemp(join(tmpdir(), 'iabn-bench-'));
  try {
    const model = join(folder, 'resnet50.onnx');
    const trained = { module: network.module, state: network.store.stateDict() };
    await exportOnnx(trained, model, { input: { shape: network.shape }, batch });
    return await compare(network, model, { ...options, batch });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * @param {Network} network
 * @param {string} model
 * @param {BenchOptions & { steps: number, batch: number }} options
 * @returns {Promise<(Row | Refusal)[]>}
 */
async function compare(network, model, { steps, batch, limits, say }) {
  const common = ['--batch', batch, '--threads', cpu().threads];
  const onnx = await Peer.start('infer_onnx.mjs', ['--model', model, ...common]);
  try {
    /** @type {(Row | Refusal)[]} */
    const rows = [];
    for (const precision of PRECISIONS) {
      const { started, refused } = await startForms(
        'infer_resnet50.py',
        [...common, '--dtype', precision],
        FORMS,
        say,
      );
      try {
        rows.push(...(await rowsOf(network, precision, onnx, started, { steps, batch, limits, say })));
      } finally {
        await stopForms(started);
      }
      for (const { title, reason } of refused)
        rows.push({ name: NAME, variant: `${precision}, batch ${batch}, ${title}`, refused: reason });
    }
    return rows;
  } finally {
    await onnx.stop();
  }
}

/**
 * @param {Network} network
 * @param {Precision} precision
 * @param {Peer} onnx
 * @param {readonly import('../lib/peer-forms.mjs').Started[]} forms
 * @param {BenchOptions & { steps: number, batch: number }} options
 * @returns {Promise<Row[]>}
 */
async function rowsOf(network, precision, onnx, forms, { steps, batch, limits, say }) {
  const { plan, run } = runner(network, batch, precision);
  const { activations, constants } = plan.bytes;
  say(`${precision}: activations ${formatBytes(activations)}, prepared weights ${formatBytes(constants)}`);
  agree(await onnx.request('logits', 'logits'), await run(), precision);
  const training = runner(network.training, batch, precision);
  const dtype = precision === 'float32' ? '' : ' in float32';
  const others = [
    {
      title: `onnxruntime ${onnx.versionOf.onnxruntime}${dtype}`,
      seconds: () => onnx.ask('run', 'seconds'),
    },
    ...forms.map(({ title, peer }) => ({ title, seconds: () => peer.ask('run', 'seconds') })),
    { title: "training's forward", seconds: async () => (await training.run()).seconds },
  ];
  const pairs = await takePairs(
    async () => (await run()).seconds,
    others.map(({ seconds }) => seconds),
    {
      warmUp: 1,
      rounds: steps,
      onRepeat: (indices) =>
        say(`unsteady, again: ${indices.map((index) => others[index]?.title).join('; ')}`),
    },
  );
  return pairs.map((pair, index) => {
    const variant = `${precision}, batch ${batch}, ${others[index]?.title}`;
    say(`${variant}: ours ${describe(pair.ours, 's')}, peer ${describe(pair.theirs, 's')}`);
    const row = pairRow({ name: NAME, variant, unit: 's' }, pair);
    return { ...row, share: limits && planBound(plan, limits) / row.ours };
  });
}

/**
 * @param {unknown} theirs
 * @param {{ logits?: ArrayLike<number | bigint> }} ours
 * @param {'float32' | 'bfloat16'} precision
 */
function agree(theirs, { logits = [] }, precision) {
  const wanted = Array.isArray(theirs) ? theirs.map(Number) : [];
  const largest = Math.max(...wanted.map(Math.abs));
  const worst = Math.max(...wanted.map((value, i) => Math.abs(value - Number(logits[i])))) / largest;
  if (wanted.length === logits.length && worst < AGREES[precision]) return;
  throw new PeerError(
    `onnxruntime's logits differ from ours in ${precision}: the largest difference is ${worst.toExponential(1)} of the largest logit`,
  );
}
