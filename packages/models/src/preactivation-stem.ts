import { Conv2d, MaxPool2d, type Module, type NormAct, Sequential } from '@inplace-abn/nn';
import type { Stem } from './network.js';

export interface PreactivationStemOptions {
  readonly normAct: NormAct;
  /** Three 3×3 convolutions in the place of the single one. */
  readonly input3x3?: boolean;
  /** A normalization after the last convolution, before the pooling. */
  readonly stemNorm?: boolean;
  readonly stem?: Stem;
}

/**
 * mod1 of the networks whose blocks begin with a normalization: nothing after the last convolution but pooling, unless
 * `stemNorm` says so.
 * 'imagenet' reduces by four, conv1 7×7 (3×3 with input3x3) and the pooling by two each; 'small' has 3×3 and no strides.
 */
export function preactivationStem(channels: number, options: PreactivationStemOptions): Sequential {
  const { normAct, input3x3 = false, stemNorm = false, stem = 'imagenet' } = options;
  const strided = stem === 'imagenet';
  const kernel = strided && !input3x3 ? 7 : 3;
  const stride = strided ? 2 : 1;
  const modules: Record<string, Module> = {
    conv1: new Conv2d(3, channels, kernel, { stride, padding: (kernel - 1) / 2, bias: false }),
  };
  if (input3x3) {
    modules.bn1 = normAct(channels);
    modules.conv2 = new Conv2d(channels, channels, 3, { padding: 1, bias: false });
    modules.bn2 = normAct(channels);
    modules.conv3 = new Conv2d(channels, channels, 3, { padding: 1, bias: false });
  }
  if (stemNorm) modules[input3x3 ? 'bn3' : 'bn1'] = normAct(channels);
  if (strided) modules.pool = new MaxPool2d({ kernel: 3, stride: 2, padding: 1 });
  return new Sequential(modules);
}
