// @ts-check
// The time of a training step at 224×224, SGD with momentum. Ours has leaky ReLU and in-place ABN and takes
// 8-bit images; PyTorch's has ReLU and ordinary BN and takes floats. Every PyTorch of IABN_BENCH_PYTHON runs
// eager in both memory formats (without AVX-512, oneDNN 2.6 has no gradients for channels_last), and through
// torch.compile where it can.
import { cpu, formatBytes } from '@inplace-abn/core';
import { planReport } from '@inplace-abn/recipes';
import { planBound } from '@inplace-abn/train';
import { bareConvolutions } from '../lib/bare-convolutions.mjs';
import { memoryOf } from '../lib/memory.mjs';
import { networksOf } from '../lib/networks.mjs';
import { pairRow } from '../lib/pairs.mjs';
import { PeerError } from '../lib/peer.mjs';
import { startForms, stopForms } from '../lib/peer-forms.mjs';
import { describe, significant } from '../lib/stats.mjs';
import { networkConfig, PRECISIONS, trainerOf } from '../lib/training.mjs';
import { secondsOf, takePairs } from '../lib/turns.mjs';

/** @typedef {import('../lib/suites.mjs').Row} Row */
/** @typedef {import('../lib/suites.mjs').Refusal} Refusal */
/** @typedef {import('../lib/suites.mjs').BenchOptions} BenchOptions */
/** @typedef {import('../lib/training.mjs').Precision} Precision */
/** @typedef {{ arch: string, batch: number, precision: Precision }} What */
/** @typedef {{ title: string, peer: import('../lib/peer.mjs').Peer, peak: number }} Form  of PyTorch, with its peak of resident bytes */

const FORMS = [
  { title: 'channels_last', args: ['--memory-format', 'channels_last'] },
  { title: 'contiguous_format', args: ['--memory-format', 'contiguous_format'] },
  { title: 'channels_last, torch.compile', args: ['--memory-format', 'channels_last', '--compile'] },
];

/** @param {BenchOptions} options */
export async function run(options) {
  /** @type {(Row | Refusal)[]} */
  const rows = [];
  for (const network of networksOf(options)) {
    for (const precision of PRECISIONS) {
      const some = await compare({ ...network, precision }, options);
      options.onRows?.(some);
      rows.push(...some);
    }
  }
  return rows;
}

/**
 * @param {What} what
 * @param {BenchOptions} options
 * @returns {Promise<(Row | Refusal)[]>}
 */
async function compare(what, { steps = 5, eager = false, limits, say }) {
  const { arch, batch, precision } = what;
  const name = 'train';
  const variant = `${arch}, ${precision}, batch ${batch}`;
  const memory = memoryOf(what, 2);
  const { forms, refusals } = await formsOf(what, eager, say);
  try {
    const config = networkConfig(arch, batch, precision);
    const { step } = trainerOf(config, cpu())();
    const { plan } = planReport(config, batch, cpu());
    const pairs = await takePairs(() => secondsOf(step), forms.map(stepOf), {
      warmUp: 1,
      rounds: steps,
      onRound: (times) =>
        say(
          times
            .map((time, i) => `${i === 0 ? 'ours' : forms[i - 1]?.title} ${significant(time)} s`)
            .join('; '),
        ),
      onRepeat: (indices) =>
        say(`unsteady, again: ${indices.map((index) => forms[index]?.title).join('; ')}`),
    });
    const share = (/** @type {number} */ least) => limits && planBound(plan, limits) / least;
    const own = memory.growth - memory.weights;
    const rows = pairs.map((pair, index) => {
      const form = forms[index];
      const theirs = Math.max(
        0,
        (form?.peak ?? 0) - Number(form?.peer.ready.rssAtStartBytes) - memory.weights,
      );
      say(`${variant}: ours ${describe(pair.ours, 's')}, ${form?.title} ${describe(pair.theirs, 's')}`);
      say(`  memory without weights: ${formatBytes(own)}, ${formatBytes(theirs)}`);
      const row = pairRow({ name, variant: `${variant}, ${form?.title}`, unit: 's' }, pair);
      return { ...row, share: share(row.ours), memory: { ours: own, peer: theirs } };
    });
    const refused = refusals.map(({ title, reason }) => ({
      name,
      variant: `${variant}, ${title}`,
      refused: reason,
    }));
    const [first] = rows;
    if (arch !== 'resnet50' || !first || !('oneDNN' in cpu().libraries)) return [...rows, ...refused];
    const bare = await bareConvolutions(cpu(), plan);
    const alone = {
      name,
      variant: `${variant}, bare oneDNN ${cpu().libraries.oneDNN} convolutions`,
      unit: 's',
      share: first.share,
      spread: first.spread,
    };
    return [...rows, { ...alone, ours: first.ours, peer: bare, ratio: first.ours / bare }, ...refused];
  } finally {
    await stopForms(forms);
  }
}

/**
 * The forms of PyTorch that can run, and refusals of the others.
 * @param {What} what
 * @param {boolean} eager
 * @param {(line: string) => void} say
 */
async function formsOf({ arch, batch, precision }, eager, say) {
  const common = ['--arch', arch, '--batch', batch, '--dtype', precision, '--threads', cpu().threads];
  const tried = FORMS.filter(({ args }) => !eager || !args.includes('--compile'));
  const { started, refused } = await startForms('train.py', common, tried, say);
  if (started.length === 0)
    throw new PeerError(refused[0]?.reason ?? 'IABN_BENCH_PYTHON names no interpreter');
  /** @type {Form[]} */
  const forms = started.map((form) => ({ ...form, peak: 0 }));
  return { forms, refusals: refused };
}

/** @param {Form} form */
function stepOf(form) {
  return async () => {
    const { seconds, peakRssBytes } = await form.peer.fields('step', ['seconds', 'peakRssBytes']);
    form.peak = peakRssBytes;
    return seconds;
  };
}
