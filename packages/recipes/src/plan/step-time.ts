/** The time of a configuration's training step: measured once, and predicted from then on. */
import {
  type Device,
  otherMachine,
  type Plan,
  type PredictedTime,
  type PricedMachine,
  type PriceList,
  predictTime,
  priceListOf,
} from '@inplace-abn/core';
import { Module } from '@inplace-abn/nn';
import type { TrainConfig } from '../config/schema.js';
import { formatSeconds } from '../scaling/format.js';
import { measurePrograms } from '../scaling/measure.js';
import { planOnPaper } from '../scaling/paper.js';

/** The predicted time of a step, and the machine that it is for. */
export interface StepTime extends PredictedTime {
  /** Machine that the prices were measured on. */
  readonly machine: string;
  /**
   * Why the prices are not for the device that plans, as a clause; null if they are, or if that device runs
   * nothing.
   */
  readonly note: string | null;
}

/** The head of a price list that is measured on a device. */
export function pricedMachine({ machine, balance }: Device): PricedMachine {
  return { machine, version: Module.version, balance };
}

/**
 * Times every instruction of one training step of the configuration on images of noise with initial weights,
 * so it needs no data. Takes as long as four steps, or about two seconds if that is longer. Instructions run
 * in the order of the step, so that caches hold what they hold in training.
 *
 * @param batch images of the step
 * @throws UsageError, code ERR_MEMORY, if the step does not fit in memory, and as {@link planReport} does
 */
export async function measurePrices(config: TrainConfig, batch: number, device: Device): Promise<PriceList> {
  const paper = planOnPaper(config, batch, 1, device);
  try {
    return priceListOf(pricedMachine(device), await measurePrograms(paper, config));
  } finally {
    paper.programs.session.discard();
  }
}

/** Why prices are not for this device, as a clause; null if they are, or if the device runs nothing. */
export function foreignPrices(prices: PriceList, device: Device): string | null {
  return device.estimate === undefined ? otherMachine(prices, pricedMachine(device)) : null;
}

/** The time of a step that consists of these plans. */
export function stepTime(plans: readonly Plan[], prices: PriceList, device: Device): StepTime {
  const note = foreignPrices(prices, device);
  return { ...predictTime(plans, prices), machine: prices.machine, note };
}

/** A predicted time as lines of text; `batch`: images of the step. */
export function formatStepTime(
  { seconds, sources, phases, rebuilding, machine, note }: StepTime,
  batch: number,
) {
  const share = (part: number): string => `${((100 * part) / seconds).toFixed(1)} %`;
  const parts = Object.entries(phases).map(([phase, part]) => `${phase} ${formatSeconds(part)}`);
  const guessed = [
    ...(sources.interpolated > 0 ? [`${share(sources.interpolated)} interpolated`] : []),
    ...(sources.estimated > 0 ? [`${share(sources.estimated)} of ops without a price`] : []),
  ];
  const again = rebuilding > 0 ? `; ${formatSeconds(rebuilding)} of it invert and recompute` : '';
  return [
    `a step: ${formatSeconds(seconds)} predicted, ${Number((batch / seconds).toPrecision(3))} images/s: ${parts.join(', ')}${again}`,
    `prices: ${[`${share(sources.measured)} of the time measured`, ...guessed].join(', ')}, on ${machine}`,
    ...(note ? [`! ${note}: measure them here`] : []),
  ].join('\n');
}
