// @ts-check

/**
 * @typedef {object} Tour
 * @property {string} config  JSON training configuration
 * @property {string} data  image folder: DATA/{train,val}/CLASS/*
 * @property {string} folder  for the run and everything that is written
 * @property {string} budget  bytes that the configuration's batch does not fit in without recomputing
 * @property {string} room  bytes to look for the largest batch in
 *
 * @typedef {object} Step
 * @property {string} name
 * @property {string} why  one or two sentences, printed above the command
 * @property {readonly string[]} args  of `inplace-abn`
 * @property {boolean} [attached]  shows its own progress instead of its first lines
 * @property {readonly string[]} look  where to look in the output, and what to read or try next
 */

/**
 * The steps of the tour, in order; each needs those before it.
 * @param {Tour} tour
 * @returns {readonly Step[]}
 */
export function stepsOf({ config, data, folder, budget, room }) {
  const run = `${folder}/run`;
  const checkpoints = `${run}/checkpoints`;
  return [
    {
      name: 'plan',
      why: 'A training step is compiled before anything runs, so its memory is known to the byte.',
      args: ['plan', config],
      look: [
        '"activations": this plan next to the same step with ordinary batch norm.',
        '"for the backward pass": bytes that are kept, inverted and recomputed.',
        'The table at the end has a row for each layer: in place, or the reason why not.',
        'Next: docs/memory.md reads a plan line by line.',
      ],
    },
    {
      name: 'train',
      why: 'Trains that plan. Ctrl-C saves and stops; the same tour again continues there, bit for bit.',
      args: ['train', config, data, '--log-dir', run, '--continue'],
      attached: true,
      look: [
        `${run}/report.html: curves, the memory map, and the memory of the process next to the plan.`,
        'The peak in the progress line is the "in all" of the plan.',
        'Next: docs/getting-started.md does this with images of your own.',
      ],
    },
    {
      name: 'inspect',
      why: 'A checkpoint is a safetensors file: weights, statistics, momenta, and the state of the run.',
      args: ['inspect', `${checkpoints}/best.safetensors`],
      look: [
        '"meta" says what was trained, and how far. After "model.", names are those of the published checkpoints.',
        'Next: docs/file-formats.md. The same command reads .pth files, without running code from them.',
      ],
    },
    {
      name: 'audit',
      why: 'Inverting an activation divides by γ. The audit measures the rounding error with the weights just trained.',
      args: ['plan', config, '--audit', checkpoints],
      look: [
        '"error" is relative to the standard deviation of a channel: around 1e-7 is float32 rounding, and harmless.',
        'A layer above the threshold keeps its input; the plan after the errors counts those bytes.',
        'Next: docs/compiler.md explains when a value is kept, inverted or recomputed.',
      ],
    },
    {
      name: 'budget',
      why: `The same batch in ${budget}: the plan recomputes values until it fits. Losses stay the same, bit for bit.`,
      args: ['plan', config, '--budget', budget],
      look: [
        '"in all" is within the budget; "recomputed" has grown, with the extra arithmetic next to it.',
        'Next: train with --memory-budget, or plan --sweep for the whole trade-off.',
      ],
    },
    {
      name: 'largest batch',
      why: `The other way around: find the largest batch that fits in ${room}.`,
      args: ['plan', config, '--batch', 'auto', '--memory', room],
      look: [
        'The first line has the batch. Evaluation fits as well.',
        'Next: --crop auto and --width auto find the image size and the channels; docs/memory.md has the table.',
      ],
    },
    {
      name: 'convert',
      why: 'The same network with ordinary batch norm. --check runs both on the validation images.',
      args: [
        'convert',
        `${checkpoints}/best.safetensors`,
        `${folder}/ordinary.safetensors`,
        '--bn',
        'standard',
        '--check',
        data,
      ],
      look: [
        'Accuracy is the same before and after; logits differ by rounding.',
        'Next: docs/weights.md goes the other way, from torchvision and timm.',
      ],
    },
    {
      name: 'export',
      why: 'The trained network as ONNX, batch norm folded into the convolutions, pixels as input.',
      args: [
        'export',
        checkpoints,
        `${folder}/net.onnx`,
        '--fold',
        '--dynamic',
        'batch',
        '--with-preprocessing',
      ],
      look: [
        'One input of uint8 pixels, one output of ten logits; class names are in the model.',
        'Next: docs/export.md, and examples/browser runs such a file in a web page.',
      ],
    },
  ];
}
