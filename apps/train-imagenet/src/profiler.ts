/** `--profile`: writes a table by op and layer, and a Chrome trace of ten steps. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Processes } from '@inplace-abn/comm';
import type { Device, PriceList } from '@inplace-abn/core';
import type { Engine, TrainConfig } from '@inplace-abn/recipes';
import {
  formatProfile,
  type MachineLimits,
  measureLimits,
  type ProfileReport,
  StepProfile,
  StepTrace,
} from '@inplace-abn/train';

export class Profiler {
  private profile: StepProfile | null = null;
  private trace: StepTrace | null = null;

  private constructor(
    private readonly device: Device,
    private readonly limits: MachineLimits,
    private readonly prices: PriceList | undefined,
  ) {}

  /** Measures the device's limits, before the run takes its memory. */
  static async on(device: Device, { network }: TrainConfig, prices?: PriceList): Promise<Profiler> {
    const dtypes = [...new Set(['float32', network.precision] as const)];
    return new Profiler(device, await measureLimits(device, dtypes), prices);
  }

  watch(engine: Engine, rank: number, processes: Processes | null): void {
    this.profile = new StepProfile(engine, this.device.name, this.limits, this.prices);
    this.trace = new StepTrace(engine, rank, processes?.group ?? null);
  }

  report(): ProfileReport | null {
    return this.profile?.report() ?? null;
  }

  /**
   * Writes FOLDER/profile.txt, profile.json and trace.json, and prints where; nothing after too few steps.
   */
  async write(folder: string): Promise<void> {
    const report = this.report();
    if (!report) {
      process.stdout.write('profile: too few steps ran to time them\n');
      return;
    }
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'profile.txt'), `${formatProfile(report)}\n`);
    await writeFile(join(folder, 'profile.json'), `${JSON.stringify(report, null, 2)}\n`);
    await writeFile(join(folder, 'trace.json'), this.trace?.json() ?? '[]\n');
    process.stdout.write(
      `profile: ${join(folder, 'profile.txt')} and trace.json there; report.html shows it\n`,
    );
  }
}
