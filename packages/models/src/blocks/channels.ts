import { UsageError } from '@inplace-abn/core';
import { Dropout2d, type Module, type NormAct } from '@inplace-abn/nn';

/** Options of both kinds of residual block. */
export interface BlockOptions {
  /** Stride of the block, which one of its convolutions has. Default 1. */
  readonly stride?: number;
  /** Dilation of the 3×3 convolutions. Default 1. */
  readonly dilation?: number;
  /** Groups of a bottleneck's 3×3 convolution. Default 1. */
  readonly groups?: number;
  /** Probability of dropping a channel before the last convolution. Default: no dropout. */
  readonly dropout?: number;
  /** Makes the normalization layers. */
  readonly normAct: NormAct;
}

/** The output channels of a block. @throws UsageError unless there are two or three convolutions */
export function outChannels(channels: readonly number[], { groups = 1 }: BlockOptions): number {
  const out = channels.at(-1);
  if (out === undefined || (channels.length !== 2 && channels.length !== 3)) {
    throw new UsageError(
      `a residual block has two or three convolutions but received ${channels.length} channel counts`,
    );
  }
  if (groups !== 1 && channels.length === 2) {
    throw new UsageError(
      `groups require a bottleneck of three convolutions, but there are two with groups ${groups}`,
    );
  }
  return out;
}

/** The entry `dropout` of a block's convolutions, if there is one. */
export function dropoutOf({ dropout }: BlockOptions): Record<string, Module> {
  return dropout === undefined ? {} : { dropout: new Dropout2d(dropout) };
}
