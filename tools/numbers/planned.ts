/** Numbers of plans that the README and the documents state, computed from the sources. */
import { readFileSync } from 'node:fs';
import { cpu } from '@inplace-abn/core';
import { type PlanReport, planReport, resolveConfig } from '@inplace-abn/recipes';

const CONFIG = new URL('../../apps/train-imagenet/experiments/resnet50_inplace.json', import.meta.url);
const MEBI = 2 ** 20;
const BATCH = 16;
const reports = new Map<string, PlanReport>();

/** The plan of in-place ResNet-50 with changed keys, computed once per change. */
function resnet50(keys: { network?: object; optimizer?: object }): PlanReport {
  const key = JSON.stringify(keys);
  const known = reports.get(key);
  if (known) return known;
  const { network, ...rest } = JSON.parse(readFileSync(CONFIG, 'utf8'));
  const optimizer = { ...rest.optimizer, ...keys.optimizer };
  const config = { ...rest, network: { ...network, ...keys.network }, optimizer };
  const { report } = planReport(resolveConfig(config, CONFIG.pathname), BATCH, cpu());
  reports.set(key, report);
  return report;
}

/** MiB of activations and their gradients for each image. */
export const activationsPerImage = (precision: 'float32' | 'bfloat16'): number =>
  resnet50({ network: { precision } }).bytes.activations / BATCH / MEBI;

/** The same with ordinary batch norm under PyTorch's rules. */
export const ordinaryPerImage = (): number =>
  resnet50({ network: { precision: 'float32' } }).ordinary.activations / BATCH / MEBI;

/** Share of the ordinary activations if ordinary batch norm and ReLU train with frozen statistics. */
export function frozenShare(): number {
  const { bytes, ordinary } = resnet50({
    network: { activation: 'relu', bn_mode: 'standard' },
    optimizer: { frozen_statistics: true },
  });
  return bytes.activations / ordinary.activations;
}
