// @ts-check

/** Networks of the training benchmarks, with their default batches. */
const NETWORKS = [
  { arch: 'resnet50', batch: 16 },
  { arch: 'resnext101', batch: 8 },
  { arch: 'wider_resnet38', batch: 8 },
  { arch: 'densenet121', batch: 16 },
];

/**
 * @param {Pick<import('./suites.mjs').BenchOptions, 'networks' | 'batch'>} options
 * @param {readonly { arch: string, batch: number }[]} [defaults]
 * @returns {{ arch: string, batch: number }[]}
 */
export function networksOf({ networks, batch }, defaults = NETWORKS) {
  const chosen = networks ?? defaults.map(({ arch }) => arch);
  return chosen.map((arch) => {
    const known = defaults.find((network) => network.arch === arch);
    return { arch, batch: batch ?? known?.batch ?? 8 };
  });
}
