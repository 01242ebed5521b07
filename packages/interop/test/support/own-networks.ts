/** Networks that a user might define. */
import {
  abs,
  add,
  avgPool,
  blurPool,
  concat,
  dim,
  expand,
  flatten,
  log,
  matmul,
  maxPool,
  mean,
  mul,
  padReplicate,
  relu,
  reshape,
  resizeBilinear,
  sigmoid,
  silu,
  sliceChannels,
  softmax,
  sum,
  type Value,
} from '@inplace-abn/core';
import {
  ABN,
  Conv2d,
  ConvTranspose2d,
  GlobalAvgPool2d,
  GroupNorm,
  InPlaceABN,
  Linear,
  MaxPool2d,
  Module,
  Sequential,
} from '@inplace-abn/nn';

function layer(from: number, to: number, stride = 1): Sequential {
  return new Sequential({
    conv: new Conv2d(from, to, 3, { padding: 1, stride, bias: false }),
    bn: new InPlaceABN(to),
  });
}

/** Two scales, joined by a transposed convolution and a skip connection. */
export class UNet extends Module {
  readonly down = layer(3, 8);
  readonly pool = new MaxPool2d({ kernel: 2 });
  readonly middle = layer(8, 16);
  readonly up = new ConvTranspose2d(16, 8, 2, { stride: 2 });
  readonly last = layer(16, 8);
  readonly classes = new Conv2d(8, 5, 1);

  protected forward(x: Value): Value {
    const fine = this.down.call(x);
    const coarse = this.up.call(this.middle.call(this.pool.call(fine)));
    // The size of the skip connection; if it is odd, the transposed convolution is off by a row or column.
    const same = resizeBilinear(coarse, [dim(fine.shape, 2), dim(fine.shape, 3)]);
    return this.classes.call(this.last.call(concat([fine, same])));
  }
}

class ExcitedBlock extends Module {
  readonly first = layer(8, 8);
  readonly second = new Sequential({
    conv: new Conv2d(8, 8, 3, { padding: 1, bias: false }),
    bn: new ABN(8, { activation: 'identity' }),
  });
  readonly squeeze = new Linear(8, 4);
  readonly excite = new Linear(4, 8);

  protected forward(x: Value): Value {
    const y = this.second.call(this.first.call(x));
    const gate = sigmoid(this.excite.call(relu(this.squeeze.call(mean(y, [2, 3])))));
    return add(x, mul(y, gate), { activation: 'elu', slope: 1 });
  }
}

export function excitedResNet(): Sequential {
  return new Sequential({
    stem: layer(3, 8, 2),
    block1: new ExcitedBlock(),
    block2: new ExcitedBlock(),
    pool: new GlobalAvgPool2d(),
    fc: new Linear(8, 4),
  });
}

export class Perceptron extends Module {
  readonly fc1 = new Linear(12, 16);
  readonly bn = new InPlaceABN(16);
  readonly fc2 = new Linear(16, 3);

  protected forward(x: Value): Value {
    return softmax(this.fc2.call(this.bn.call(this.fc1.call(x))));
  }
}

/** All other ops that inference may use. */
export class Assortment extends Module {
  readonly norm = new GroupNorm(2, 6);
  readonly plain = new ABN(6, { affine: false });
  readonly batch = new InPlaceABN(6, { trackRunningStats: false });

  protected forward(x: Value): Value {
    const wide = concat([x, silu(x)]);
    const normed = this.batch.call(this.plain.call(this.norm.call(wide)));
    const blurred = blurPool(normed);
    const pooled = concat([
      avgPool(blurred, 3, { stride: 2, padding: 1, countIncludePad: false }),
      maxPool(blurred, 3, { stride: 2, padding: 1 }),
    ]);
    const padded = padReplicate(pooled, { top: 0, bottom: 1, left: 2, right: 0 });
    const cut = sliceChannels(padded, 1, 9);
    const loud = log(add(abs(cut), 1));
    const share = mul(loud, sum(loud, [1], { keep: true }));
    const filled = expand(mean(share, [2, 3], { keep: true }), share.shape);
    return attention(add(filled, share));
  }
}

/** Self-attention: each position is a mixture of all positions. */
function attention(x: Value): Value {
  const [n = 1, c = 1, h = 1, w = 1] = x.shape;
  const places = reshape(x, [n, c, h * w]);
  const likeness = softmax(matmul(reshape(mean(places, [2]), [n, 1, c]), places));
  return flatten(mul(mean(likeness, [1]), mean(places, [1])));
}

/** PyTorch's ceil_mode. */
export class CeilPool extends Module {
  protected forward(x: Value): Value {
    return maxPool(x, 2, { stride: 3, padding: 1, ceil: true });
  }
}
