// @ts-check

/**
 * One line of results. `ours` and `peer` are in `unit`; `ratio` is ours / peer.
 *
 * - `share`: the fraction reached of the machine's own limit, if it is known
 * - `paired`: the median of ours / peer over rounds; then `ours` and `peer` are the best of their rounds
 * - `spread`: half the range over the median, of the less steady side
 * - `memory`: bytes at the peak, without weights and optimizer state
 * @typedef {{
 *   name: string, variant: string, ours: number, peer: number, ratio: number, unit: string, share?: number,
 *   paired?: number, spread?: number, memory?: { ours: number, peer: number },
 * }} Row
 *
 * A comparison that the peer refused, with its reason.
 * @typedef {{ name: string, variant: string, refused: string }} Refusal
 *
 * @typedef {object} BenchOptions
 * @property {number} [steps]  timed turns per side; each benchmark has its own default
 * @property {number} [batch]
 * @property {number} [workers]
 * @property {boolean} [eager]  without torch.compile
 * @property {number} [images]  files to generate or to train on; each benchmark has its own default
 * @property {readonly string[]} [networks]  networks to measure; each benchmark has its own default
 * @property {readonly string[]} [parts]  parts of a recipe to train; default: all
 * @property {readonly number[]} [seeds]
 * @property {number} [epochs]  for a quick try; each benchmark has its own default
 * @property {readonly Row[]} [recorded]  rows that the report already has
 * @property {(rows: readonly (Row | Refusal)[]) => void} [onRows]  called with rows as soon as they are measured
 * @property {import('@inplace-abn/train').MachineLimits} [limits]  of this machine, measured in the same run
 * @property {(line: string) => void} say  a line of progress
 *
 * @typedef {object} Suite
 * @property {string} name
 * @property {string} summary
 * @property {boolean} [long]  runs only if it is named
 * @property {() => Promise<{ run: (options: BenchOptions) => Promise<(Row | Refusal)[]> }>} load
 */

/** @type {Suite[]} */
export const suites = [
  {
    name: 'train',
    summary: "time of a training step, ours and PyTorch's in turn, and of its bare convolutions",
    load: () => import('../suites/train.mjs'),
  },
  {
    name: 'budget',
    summary: 'time and memory of a training step in 95, 85 and 60 % of its arena, compared with all of it',
    load: () => import('../suites/budget.mjs'),
  },
  {
    name: 'infer-resnet50',
    summary: "time of ResNet-50's evaluation, compared with onnxruntime on the same weights and PyTorch",
    load: () => import('../suites/infer-resnet50.mjs'),
  },
  {
    name: 'infer-vistas',
    summary: 'time and memory of segmenting a photograph, compared with PyTorch (half an hour)',
    long: true,
    load: () => import('../suites/infer-vistas.mjs'),
  },
  {
    name: 'data-parallel',
    summary:
      'time of a step of two processes over a slow link, compared with the longer of computing and sending',
    load: () => import('../suites/data-parallel.mjs'),
  },
  {
    name: 'scaling',
    summary:
      'time of a step of two to four processes over links with a rate and a delay, compared with its prediction',
    long: true,
    load: () => import('../suites/scaling.mjs'),
  },
  {
    name: 'predicted-time',
    summary: 'time of a training step as a price list predicts it, compared with the step (ten minutes)',
    long: true,
    load: () => import('../suites/predicted-time.mjs'),
  },
  {
    name: 'deterministic-world',
    summary:
      'time and memory of a training step in a fixed number of shards, compared with the whole batch at once',
    load: () => import('../suites/deterministic-world.mjs'),
  },
  {
    name: 'memory',
    summary: 'resident memory of a training step, compared with the plan and with PyTorch',
    load: () => import('../suites/memory.mjs'),
  },
  {
    name: 'process-memory',
    summary:
      'peak memory of the program that trains, a network of each family, compared with what plan expects',
    long: true,
    load: () => import('../suites/process-memory.mjs'),
  },
  {
    name: 'session',
    summary: "a Session's training step compared with a trace by hand, and its resident memory with the plan",
    load: () => import('../suites/session.mjs'),
  },
  {
    name: 'wasm',
    summary: 'CPU time of a training step in WebAssembly on one thread, compared with the native one',
    long: true,
    load: () => import('../suites/wasm.mjs'),
  },
  {
    name: 'own-kernels',
    summary: "time of ResNet-50's training step without oneDNN, compared with it",
    long: true,
    load: () => import('../suites/own-kernels.mjs'),
  },
  {
    name: 'abn',
    summary: 'bandwidth of the ABN kernels, compared with memcpy',
    load: () => import('../suites/abn.mjs'),
  },
  {
    name: 'elementwise',
    summary: 'bandwidth of elementwise kernels and sums, compared with memcpy',
    load: () => import('../suites/elementwise.mjs'),
  },
  {
    name: 'cuda-abn',
    summary: 'bandwidth of the CUDA ABN kernels, compared with a copy, and their times with PyTorch',
    long: true,
    load: () => import('../suites/cuda-abn.mjs'),
  },
  {
    name: 'cuda-train',
    summary: "images/s and memory of training on a GPU, ours and PyTorch's in turn",
    long: true,
    load: () => import('../suites/cuda-train.mjs'),
  },
  {
    name: 'cuda-fits',
    summary: 'largest batches that fit in 16, 40 and 80 GB by plan, and steps with the one that fits here',
    long: true,
    load: () => import('../suites/cuda-fits.mjs'),
  },
  {
    name: 'compile',
    summary:
      'time to compile training steps at the first and the next start, and how tightly arenas are packed',
    load: () => import('../suites/compile.mjs'),
  },
  {
    name: 'convolutions',
    summary: "speed of each convolution of a training step, compared with oneDNN's own kernel",
    load: () => import('../suites/convolutions.mjs'),
  },
  {
    name: 'candidates',
    summary: 'time that each family of convolution kernels saves in a training step (minutes per network)',
    long: true,
    load: () => import('../suites/candidates.mjs'),
  },
  {
    name: 'threads',
    summary:
      'time of a training step on one, two and four threads, and projected to more (minutes per network)',
    long: true,
    load: () => import('../suites/threads.mjs'),
  },
  {
    name: 'data',
    summary: "images/s of the loader and of torchvision's in turn",
    load: () => import('../suites/data.mjs'),
  },
  {
    name: 'data-check',
    summary:
      "rate of data check compared with the loader's, and its memory for all images and for an eighth of them",
    long: true,
    load: () => import('../suites/data-check.mjs'),
  },
  {
    name: 'data-shards',
    summary: 'images/s from tar shards, compared with the same images as files',
    long: true,
    load: () => import('../suites/data-shards.mjs'),
  },
  {
    name: 'predict',
    summary:
      'images/s of predict, compared with the loader and the network alone, and its memory for many images',
    load: () => import('../suites/predict.mjs'),
  },
  {
    name: 'noise',
    summary: "rounding error of Winograd's 3×3 convolutions, compared with oneDNN's plain sums",
    long: true,
    load: () => import('../suites/noise.mjs'),
  },
  {
    name: 'grouped',
    summary: "speed of ResNeXt's grouped convolutions, ours and PyTorch's in turn",
    load: () => import('../suites/grouped.mjs'),
  },
  {
    name: 'depthwise',
    summary: "speed of mobile networks' depthwise convolutions: ours, oneDNN's and a plain copy in turn",
    load: () => import('../suites/depthwise.mjs'),
  },
  {
    name: 'demo',
    summary:
      "time and accuracy of the demo's training, compared with PyTorch's of the same configuration (ten minutes)",
    long: true,
    load: () => import('../suites/demo.mjs'),
  },
  {
    name: 'recipe-parts',
    summary:
      'accuracy that each part of a recipe adds to the demo, alone and together (hours; can be made in parts)',
    long: true,
    load: () => import('../suites/recipe-parts.mjs'),
  },
  {
    name: 'demo-precision',
    summary: 'accuracy of the demo in bfloat16 and in float32, three seeds each (about an hour)',
    long: true,
    load: () => import('../suites/demo-precision.mjs'),
  },
  {
    name: 'fine-tuning',
    summary:
      'accuracy of a network converted to in-place batch norm after one more epoch, compared with continuing (half an hour)',
    long: true,
    load: () => import('../suites/fine-tuning.mjs'),
  },
  {
    name: 'fashion-families',
    summary:
      "accuracy of ResNeXt, DenseNet and WiderResNet on Fashion-MNIST, ours and PyTorch's (about an hour)",
    long: true,
    load: () => import('../suites/fashion-families.mjs'),
  },
];
