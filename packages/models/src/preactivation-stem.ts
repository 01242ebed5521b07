import { Conv2d, MaxPool2d, type Module, type NormAct, Sequential } from '@inplace-abn/nn';
import type { Stem } from './network.js';

export interface PreactivationStemOptions {
  readonly normAct: NormAct;
  /** Use three 3×3 convolutions instead of a single one. */
  readonly input3x3?: boolean;
  /** Normalize after the last convolution, before the pooling. */
  readonly stemNorm?: boolean;
  readonly stem?: Stem;
}

/**
 * mod1 of networks whose blocks begin with a normalization: only pooling follows the last convolution, except
 * with `stemNorm`. 'imagenet' downsamples by four: by two in conv1, 7×7 (3×3 with input3x3), and by two in
 * the pooling. 'small' has a 3×3 conv1 with stride 1 and no pooling.
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
