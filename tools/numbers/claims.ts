/**
 * The numbers of README and documents, and where each comes from. `says` captures numbers of a document in
 * the order of `are`, which recomputes them: from a plan, from a row of bench/results with its CPU, or from a
 * source file. Limits and facts that nothing computes are RULES; pages that record a command's output are
 * RECORDS. README's table of results is written from bench/results.
 */
import { readFileSync } from 'node:fs';
import { activationsPerImage, frozenShare, ordinaryPerImage } from './planned.js';
import { allRatios, measured } from './results.mjs';

export interface Claim {
  readonly file: string;
  readonly says: RegExp;
  readonly are: () => readonly number[];
  /** The numbers are of bench/results; the document then links bench/RESULTS.md. */
  readonly measured?: boolean;
  /**
   * Share by which a number may differ from the one written; default 0. Plans differ by the kernels that a
   * CPU times as the fastest, whose operands and workspaces are in the arena.
   */
  readonly within?: number;
}

const PLANNED = 0.02;

/** Numbers that a source states, in the group of a pattern. */
const source = (file: string, ...patterns: RegExp[]) => {
  return () => {
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    return patterns.map((pattern) => Number((pattern.exec(text)?.[1] ?? '').replaceAll('_', '')));
  };
};

export const CLAIMS: readonly Claim[] = [
  {
    file: 'README.md',
    says: /ResNet-50 keeps ([\d.]+) MiB of activations per image, where ordinary batch norm keeps ([\d.]+) MiB; ([\d.]+) MiB in bfloat16/,
    are: () => [activationsPerImage('float32'), ordinaryPerImage(), activationsPerImage('bfloat16')],
    within: PLANNED,
  },
  {
    file: 'docs/memory.md',
    says: /into (\d+) % of its arena makes a step (\d+) % slower/,
    are: () => {
      const row = (kind: string) =>
        measured('Zen 4', 'budget', `resnet50, float32, batch 16, 60 %, ${kind}`, 'ratio');
      return [60, 100 * (row('time of a step') - 1)];
    },
    measured: true,
  },
  {
    file: 'docs/memory.md',
    says: /at most (\d+) % more arithmetic \((\d+) % in bfloat16\)/,
    are: () => spare().map((share) => 100 * share),
  },
  {
    file: 'docs/memory.md',
    says: /\[within (\d+) %\]\(\.\.\/bench\/RESULTS\.md#predicted-time\)/,
    are: () => [worstPrediction()],
    measured: true,
  },
  {
    file: 'docs/memory.md',
    says: /\[within (\d+) %\]\(\.\.\/bench\/RESULTS\.md#process-memory\)/,
    are: () => [worst(allRatios('Zen 4', 'process-memory'))],
    measured: true,
  },
  {
    file: 'docs/compiler.md',
    says: /up to (\d+) % of the step's arithmetic \((\d+) %/,
    are: () => spare().map((share) => 100 * share),
  },
  {
    file: 'docs/memory.md',
    says: /through one buffer of (\d+) MiB/,
    are: source('packages/checkpoint/src/files/source.ts', /PIECE_BYTES = (\d+) \* 2 \*\* 20/),
  },
  {
    file: 'docs/native-layer.md',
    says: /up to ([\d.]+) times the rounding error of oneDNN's plain sums, ([\d.]+) times in weight gradients/,
    are: () => [noise('forward'), noise('weights')],
    measured: true,
  },
  {
    file: 'docs/fine-tuning.md',
    says: /\| the conversion \|\s*([\d.]+) % \|\s*([\d.]+) % \|/,
    are: () => fineTuning('converted'),
    measured: true,
  },
  {
    file: 'docs/fine-tuning.md',
    says: /\| one more epoch \|\s*([\d.]+) % \|\s*([\d.]+) % \|/,
    are: () => fineTuning('one more epoch'),
    measured: true,
  },
  {
    file: 'docs/fine-tuning.md',
    says: /without frozen layers, ResNet-50 needs (\d+) % of ordinary activations/,
    are: () => [100 * frozenShare()],
    within: PLANNED,
  },
  {
    file: 'docs/file-formats.md',
    says: /rewrites every (\d+) seconds/,
    are: () =>
      source('packages/train/src/run-folder/lock/run-lock.ts', /HEARTBEAT_MS = ([\d_]+)/)().map(
        (ms) => ms / 1000,
      ),
  },
  {
    file: 'docs/file-formats.md',
    says: /a pickle of (\d+) MiB and ([\d,]+) operations, containers (\d+) deep, ([\d,]+) values, texts of (\d+) MiB/,
    are: source(
      'packages/checkpoint/src/pickle/limits.ts',
      /\bbytes: (\d+) \* 2/,
      /\boperations: ([\d_]+)/,
      /\bdepth: (\d+)/,
      /\bvalues: ([\d_]+)/,
      /\btextBytes: (\d+) \* 2/,
    ),
  },
  {
    file: 'docs/many-processes.md',
    says: /in messages of about (\d+) MiB/,
    are: source('packages/comm/src/group/buckets.ts', /BUCKET_BYTES = (\d+) \* MIB/),
  },
  {
    file: 'docs/native-layer.md',
    says: /unless\s+they\s+had\s+one\s+in\s+the\s+last\s+(\d+)\s+ms/,
    are: source('packages/core/src/native/wasm-program.ts', /BLOCKED = (\d+)/),
  },
  {
    file: 'docs/testing.md',
    says: /spreads by more than ± (\d+) % is measured/,
    are: () => source('bench/lib/turns.mjs', /STEADY = ([\d.]+)/)().map((share) => 100 * share),
  },
  {
    file: 'docs/upstream-differences.md',
    says: /\((\d+)\s+classes\s+at\s+(\d+)×(\d+)\s+are\s+(\d+)\s+MB\s+in\s+float32\)/,
    are: () => [65, 2048, 1536, (65 * 2048 * 1536 * 4) / 1e6],
  },
];

/** Shares of a step's arithmetic that are recomputed by default. */
const spare = source(
  'packages/core/src/compile/compile.ts',
  /SPARE\b.*\bfloat32: ([\d.]+)/,
  /SPARE\b.*\bbfloat16: ([\d.]+)/,
);

/** Top-1 without conversion, and converted. */
function fineTuning(after: string): number[] {
  const row = new RegExp(`^resnet18, to in place and leaky ReLU, .*: ${after}$`);
  return (['peer', 'ours'] as const).map((column) => measured('Zen 4', 'fine-tuning', row, column));
}

/** The largest ratio of a direction's rounding error to oneDNN's. */
function noise(direction: string): number {
  const sizes = ['C = 64, 56×56', 'C = 128, 28×28', 'C = 256, 14×14', 'C = 512, 7×7'];
  return Math.max(...sizes.map((size) => measured('Zen 4', 'noise', `${direction}, ${size}`, 'ratio')));
}

/** Numbers that are chosen, not measured: limits of formats and tests, sizes of examples. */
export const RULES: readonly { readonly file: string; readonly says: RegExp }[] = [
  { file: 'README.md', says: /examples\]\([^)]*\) of under (40) lines/ },
  { file: 'docs/own-network.md', says: /a program of under (40) lines/ },
  { file: 'docs/export.md', says: /above (2) GiB, the limit of the format/ },
  { file: 'docs/fine-tuning.md', says: /must end within ([\d.]+) points of top-1/ },
  { file: 'docs/segmentation.md', says: /to a mean IoU above (90) %/ },
  { file: 'docs/testing.md', says: /at most (10) minutes on two cores/ },
];

/** Pages whose numbers come from commands or pages that they name, and notes on measurements. */
export const RECORDS: Readonly<Record<string, readonly string[]>> = {
  'docs/cuda.md': ['npm run cuda-folder'],
  'docs/first-change.md': ['npm test -- packages/core'],
  'docs/experiments.md': [
    'npm run plan -- apps/train-imagenet/experiments/*_lr_*.json --devices 4,8,16 --markdown',
  ],
  'docs/packages.md': ['du -sb node_modules'],
  'docs/performance-notes.md': ['bench/RESULTS.md'],
  'docs/scaling.md': ['npm run plan -- CONFIG --nodes', 'bench/RESULTS.md'],
};

/** Percent by which a predicted step differs from the measured one at most, rounded up. */
function worstPrediction() {
  const networks = ['resnet50', 'resnet34', 'densenet121', 'resnext101', 'wider_resnet38'];
  const ratios = networks.flatMap((network) =>
    ['float32', 'bfloat16'].map((dtype) =>
      measured('Zen 4', 'predicted-time', new RegExp(`^${network}, ${dtype}, batch 4$`), 'paired'),
    ),
  );
  return worst(ratios);
}

/** The largest difference from 1, in percent, rounded up. */
function worst(ratios: readonly number[]) {
  return Math.ceil(100 * Math.max(...ratios.map((ratio) => Math.abs(ratio - 1))));
}
