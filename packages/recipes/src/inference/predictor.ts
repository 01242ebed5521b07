/** A session that only predicts, for a network on images. */
import type { ComputeDType, Device, HostTensor } from '@inplace-abn/core';
import type { Sides } from '@inplace-abn/data';
import type { Module } from '@inplace-abn/nn';
import { allStates, Session, type StateTensors } from '@inplace-abn/session';
import { imageOptions, OnImages } from '../network/on-images.js';
import type { ImageInputs } from '../task/images.js';

export interface PredictorOptions {
  /** Where the network runs. */
  readonly device: Device;
  /** The modules; `load` or `fill` gives them their weights. */
  readonly network: Module;
  /** Dtype of activations. Default float32. */
  readonly precision?: ComputeDType;
  /** Bytes for weights and arena together; if needed to fit, parts of the network run in strips of rows. */
  readonly memoryBudget?: number;
}

export abstract class Predictor {
  /** Holds the weights, and runs the steps. */
  protected readonly session: Session<ImageInputs>;

  constructor({ device, network, precision, memoryBudget: memory }: PredictorOptions, crop: Sides) {
    const input = imageOptions(crop);
    const initial = () => [];
    this.session = new Session(new OnImages(network), { input, device, precision, memory, initial });
  }

  /** Bytes held: the arena and the weights. */
  get bytes(): number {
    return this.session.bytes;
  }

  /**
   * Takes the network's weights and statistics.
   *
   * @throws UsageError for one that is missing or does not fit
   */
  load(tensors: ReadonlyMap<string, HostTensor>): void {
    const { store } = this.session;
    for (const [name, tensor] of allStates(store, tensors)) store.write(name, tensor.data);
  }

  /**
   * Like {@link load}, for tensors that may be in a file, which are read straight into the states.
   *
   * @throws UsageError for a tensor that is missing or does not fit, CheckpointError for a file that cannot
   * be read
   */
  async fill(tensors: StateTensors): Promise<void> {
    await this.session.fill(allStates(this.session.store, tensors));
  }
}
