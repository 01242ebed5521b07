/** Numbers of plans that README and documents state, from the sources. */
import { readFileSync } from 'node:fs';
import { cpu } from '@inplace-abn/core';
import { type PlanReport, planReport, resolveConfig } from '@inplace-abn/recipes';

const CONFIG = new URL('../../apps/train-imagenet/experiments/resnet50_inplace.json', import.meta.url);
const MEBI = 2 ** 20;
const BATCH = 16;
const reports = new Map<string, PlanReport>();

/** `npm run plan -- apps/train-imagenet/experiments/resnet50_inplace.json --batch 16`, in a precision. */
function resnet50(precision: 'float32' | 'bfloat16'): PlanReport {
  const known = reports.get(precision);
  if (known) return known;
  const config = resolveConfig(JSON.parse(readFileSync(CONFIG, 'utf8')), CONFIG.pathname);
  const { report } = planReport({ ...config, network: { ...config.network, precision } }, BATCH, cpu());
  reports.set(precision, report);
  return report;
}

/** MiB of activations and their gradients for each image. */
export const activationsPerImage = (precision: 'float32' | 'bfloat16'): number =>
  resnet50(precision).bytes.activations / BATCH / MEBI;

/** The same with ordinary batch norm under PyTorch's rules. */
export const ordinaryPerImage = (): number => resnet50('float32').ordinary.activations / BATCH / MEBI;
