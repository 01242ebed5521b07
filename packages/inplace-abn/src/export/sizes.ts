/** Heights and widths that an exported network supports, if its graph depends on them. */
import type { SizeRange } from '@inplace-abn/interop';
import type { Described } from '@inplace-abn/recipes';

/** TResNet halves odd and even sides differently, five times. */
const TRESNET_STEP = 32;
/** On smaller maps, some windows of the head see only padding. */
const LEAST_SIDE = 64;

/** The range around the example's height and width; undefined if the network takes any, or if unknown. */
export function sizesOf(
  config: Described['config'],
  example: readonly [number, number],
): SizeRange | undefined {
  if (config.task === 'segmentation') return sizesOfHead(config, example);
  return config.network.arch.startsWith('tresnet') ? { step: TRESNET_STEP } : undefined;
}

/** In evaluation the head averages over the whole map if its window covers it. */
function sizesOfHead(
  { network, segmentation }: Extract<Described['config'], { task: 'segmentation' }>,
  example: readonly [number, number],
): SizeRange | undefined {
  // `network.dilation` may set another output stride.
  if (network.dilation !== 1) return undefined;
  const to = Math.min(...segmentation.pooling_size) * segmentation.output_stride;
  const from = Math.min(LEAST_SIDE, ...example);
  return Math.max(...example) <= to ? { from, to } : undefined;
}

/** A sentence about the range, for the user. */
export function describeSizes({ from, to, step }: SizeRange): string {
  const ends = from === undefined || to === undefined ? '' : ` from ${from} to ${to}`;
  const steps =
    step === undefined ? '' : `${ends ? ' and' : ''} that differ from the example's by multiples of ${step}`;
  return `the model takes heights and widths${ends}${steps}; other sizes need another export`;
}
