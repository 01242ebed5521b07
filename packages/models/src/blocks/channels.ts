import { UsageError } from '@inplace-abn/core';
import { Dropout2d, type Module, type NormAct } from '@inplace-abn/nn';

/** Options of residual blocks of either kind. */
export interface BlockOptions {
  readonly stride?: number;
  /** Of the 3×3 convolutions. */
  readonly dilation?: number;
  /** Groups of the 3×3 convolution of a bottleneck. */
  readonly groups?: number;
  /** Probability with which a channel is dropped before the last convolution; default: no dropout. */
  readonly dropout?: number;
  readonly normAct: NormAct;
}

/** The output channels of a block. Throws UsageError where the convolutions are not two or three. */
export function outChannels(channels: readonly number[], { groups = 1 }: BlockOptions): number {
  const out = channels.at(-1);
  if (out === undefined || (channels.length !== 2 && channels.length !== 3)) {
    throw new UsageError(
      `a residual block has two or three convolutions but received ${channels.length} channel counts`,
    );
  }
  if (groups !== 1 && channels.length === 2) {
    throw new UsageError(`only a bottleneck of three convolutions has groups but two came with ${groups}`);
  }
  return out;
}

/** The entry `dropout` of a block's convolutions, where there is one. */
export function dropoutOf({ dropout }: BlockOptions): Record<string, Module> {
  return dropout === undefined ? {} : { dropout: new Dropout2d(dropout) };
}
