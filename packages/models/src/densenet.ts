/**
 * DenseNet 121–264 (Huang et al. 2017), with module names of the published checkpoints. `tv_` variants have
 * torchvision's stem.
 */
import { UsageError } from '@inplace-abn/core';
import { AvgPool2d, Conv2d, type Module, type NormAct, Sequential } from '@inplace-abn/nn';
import { DenseModule } from './blocks/dense.js';
import { dilations, Network, type NetworkOptions, scaled } from './network.js';
import { preactivationStem } from './preactivation-stem.js';

/** Options of {@link densenet}. */
export interface DenseNetOptions extends NetworkOptions {
  /** Channels that each layer adds, multiplied by `width`. Default: the architecture's, usually 32. */
  readonly growth?: number;
  /** Fraction of channels that a transition keeps. Default 0.5. */
  readonly theta?: number;
  /** Use three 3×3 convolutions in mod1 instead of one 7×7. Default false. */
  readonly input3x3?: boolean;
  /** Dilation of mod2 … mod5, one number or four; the transition before a dilated module does not pool. */
  readonly dilation?: number | readonly number[];
}

/** Layers per dense module, growth and stem of a DenseNet. */
export interface DenseNetStructure {
  /** Layers in the dense modules mod2 … mod5. */
  readonly layers: readonly [number, number, number, number];
  /** Channels that each layer adds; default 32. */
  readonly growth?: number;
  /**
   * Whether mod1 normalizes before it pools, as in torchvision's networks; default false, as in the published
   * checkpoints.
   */
  readonly stemNorm?: boolean;
}

/** Structures of the DenseNets by name. Parameter counts are for 1000 classes. */
export const DENSENETS = {
  /** With the stem of the published checkpoints, 8.0 M parameters. */
  densenet121: { layers: [6, 12, 24, 16] },
  /** With the stem of the published checkpoints, 14.1 M parameters. */
  densenet169: { layers: [6, 12, 32, 32] },
  /** With the stem of the published checkpoints, 20.0 M parameters. */
  densenet201: { layers: [6, 12, 48, 32] },
  /** With the stem of the published checkpoints, 33.3 M parameters. */
  densenet264: { layers: [6, 12, 64, 48] },
  /** With torchvision's stem, 8.0 M parameters. */
  tv_densenet121: { layers: [6, 12, 24, 16], stemNorm: true },
  /** With torchvision's stem, 28.7 M parameters. */
  tv_densenet161: { layers: [6, 12, 36, 24], growth: 48, stemNorm: true },
  /** With torchvision's stem, 14.1 M parameters. */
  tv_densenet169: { layers: [6, 12, 32, 32], stemNorm: true },
  /** With torchvision's stem, 20.0 M parameters. */
  tv_densenet201: { layers: [6, 12, 48, 32], stemNorm: true },
} satisfies Record<string, DenseNetStructure>;

/**
 * Modules mod1, mod2, tra2, mod3, tra3, mod4, tra4, mod5, bn_out[, classifier]; transition traN follows modN.
 * Images N×3×H×W.
 *
 * @throws UsageError for invalid values
 */
export function densenet(structure: DenseNetStructure, options: DenseNetOptions): Network {
  const { normAct, width = 1, theta = 0.5 } = options;
  if (!(theta > 0 && theta <= 1))
    throw new UsageError(`theta: expected a fraction in (0, 1] but received ${theta}`);
  const dilation = dilations(options.dilation ?? 1);
  const { stemNorm = false } = structure;
  const growth = scaled(options.growth ?? structure.growth ?? 32, width);
  let channels = 2 * growth;
  const modules: Record<string, Module> = { mod1: preactivationStem(channels, { ...options, stemNorm }) };
  structure.layers.forEach((layers, index) => {
    const dilated = dilation[index] ?? 1;
    if (index > 0) {
      const out = Math.max(1, Math.floor(channels * theta));
      modules[`tra${index + 1}`] = transition(channels, out, dilated === 1, normAct);
      channels = out;
    }
    const dense = new DenseModule(channels, { growth, layers, dilation: dilated, normAct });
    modules[`mod${index + 2}`] = dense;
    channels = dense.outChannels;
  });
  modules.bn_out = normAct(channels);
  return new Network(modules, channels, options);
}

function transition(inChannels: number, channels: number, pooled: boolean, normAct: NormAct): Sequential {
  return new Sequential({
    bn: normAct(inChannels),
    conv: new Conv2d(inChannels, channels, 1, { bias: false }),
    ...(pooled ? { pool: new AvgPool2d({ kernel: 2 }) } : {}),
  });
}
