// @ts-check

/**
 * One line of results. `ours` and `peer` are in `unit`; `ratio` is ours / peer. `share`: what was reached of the
 * machine's own limit, where that is known.
 * @typedef {{ name: string, variant: string, ours: number, peer: number, ratio: number, unit: string, share?: number }} Row
 *
 * @typedef {object} BenchOptions
 * @property {number} [steps]  timed turns of each side; a bench has its own default
 * @property {number} [batch]
 * @property {number} [workers]
 * @property {readonly string[]} [networks]  those to measure; a bench has its own default
 * @property {import('@inplace-abn/train').MachineLimits} [limits]  of this machine, measured in the same run
 * @property {(line: string) => void} say  a line of progress
 *
 * @typedef {object} Suite
 * @property {string} name
 * @property {string} summary
 * @property {boolean} [long]  runs only when it is named
 * @property {() => Promise<{ run: (options: BenchOptions) => Promise<Row[]> }>} load
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
    summary: 'time and memory of a training step in 95 and 60 % of its arena beside the same in all of it',
    load: () => import('../suites/budget.mjs'),
  },
  {
    name: 'infer-resnet50',
    summary: "time of ResNet-50's evaluation beside onnxruntime's on the same weights, and PyTorch's",
    load: () => import('../suites/infer-resnet50.mjs'),
  },
  {
    name: 'infer-vistas',
    summary: "time and memory of one photograph through test-vistas' network beside PyTorch's (half an hour)",
    long: true,
    load: () => import('../suites/infer-vistas.mjs'),
  },
  {
    name: 'data-parallel',
    summary: 'time of a step of two processes over a slow link beside the longer of computing and sending',
    load: () => import('../suites/data-parallel.mjs'),
  },
  {
    name: 'memory',
    summary: "resident memory of a training step beside the plan, and beside PyTorch's",
    load: () => import('../suites/memory.mjs'),
  },
  {
    name: 'session',
    summary: "a Session's training step beside a trace by hand, and its resident memory beside the plan",
    load: () => import('../suites/session.mjs'),
  },
  {
    name: 'abn',
    summary: "bandwidth of the ABN kernels beside memcpy's",
    load: () => import('../suites/abn.mjs'),
  },
  {
    name: 'elementwise',
    summary: "bandwidth of elementwise kernels and sums beside memcpy's",
    load: () => import('../suites/elementwise.mjs'),
  },
  {
    name: 'cuda-abn',
    summary: "bandwidth of the CUDA ABN kernels beside a copy's, and their times beside PyTorch's",
    long: true,
    load: () => import('../suites/cuda-abn.mjs'),
  },
  {
    name: 'cuda-train',
    summary: "images a second and memory of training on a GPU, ours and PyTorch's in turn",
    long: true,
    load: () => import('../suites/cuda-train.mjs'),
  },
  {
    name: 'cuda-fits',
    summary: 'the largest batches that fit in 16, 40 and 80 GB by plan, and a step of that which fits here',
    long: true,
    load: () => import('../suites/cuda-fits.mjs'),
  },
  {
    name: 'compile',
    summary: 'time to compile training steps, the first and the next, and how close arenas are packed',
    load: () => import('../suites/compile.mjs'),
  },
  {
    name: 'convolutions',
    summary: "speed of each convolution of a training step beside oneDNN's own",
    load: () => import('../suites/convolutions.mjs'),
  },
  {
    name: 'data',
    summary: "images a second of the loader and of torchvision's in turn",
    load: () => import('../suites/data.mjs'),
  },
  {
    name: 'predict',
    summary:
      'images a second of predict beside the loader and the network alone, and its memory for many images',
    load: () => import('../suites/predict.mjs'),
  },
  {
    name: 'noise',
    summary: "rounding error of 3×3 convolutions by Winograd's filtering beside that of oneDNN's plain sums",
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
    summary: "speed of mobile networks' depthwise convolutions, ours, oneDNN's and a plain copy in turn",
    load: () => import('../suites/depthwise.mjs'),
  },
  {
    name: 'demo-precision',
    summary: 'accuracy of the demo in bfloat16 beside float32, three seeds each (an hour or so)',
    long: true,
    load: () => import('../suites/demo-precision.mjs'),
  },
  {
    name: 'fine-tuning',
    summary:
      'accuracy of a network converted to in-place batch norm after one more epoch, beside continuing (half an hour)',
    long: true,
    load: () => import('../suites/fine-tuning.mjs'),
  },
  {
    name: 'fashion-families',
    summary:
      "accuracy of ResNeXt, DenseNet and WiderResNet on Fashion-MNIST beside PyTorch's (an hour or so)",
    long: true,
    load: () => import('../suites/fashion-families.mjs'),
  },
];
