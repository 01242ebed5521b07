/** The output of a layer inside a network as one vector for each image. */
import { globalAvgPool, type Tracer, UsageError, Value } from '@inplace-abn/core';
import { listCalled, type Mode, type Module, returnedAt } from '@inplace-abn/nn';
import { Around } from '../network/around.js';

/**
 * A network up to the layer at `path`: its output, images N×C, or the mean over height and width of N×C×H×W.
 * It has the paths and states of the whole network; nothing after the layer is computed. Tracing or planning
 * it throws a UsageError: with code ERR_NO_MATCH if no layer at `path` returns a single value, without a code
 * if that value has another number of dimensions.
 */
export function featuresAt(network: Module, path: string): Module {
  return new Features(network, path);
}

class Features extends Around<Value> {
  constructor(
    network: Module,
    private readonly path: string,
  ) {
    super(network);
  }

  protected forward(x: Value, mode: Mode): Value {
    this.network.call(x, mode);
    return vectorOf(x.tracer, this.path);
  }
}

function vectorOf(tracer: Tracer, path: string): Value {
  const found = returnedAt(tracer, path);
  if (found instanceof Value) {
    if (found.shape.length === 4) return tracer.within('features', () => globalAvgPool(found));
    if (found.shape.length === 2) return found;
    throw new UsageError(
      `the layer ${path} returns ${found}: expected images×channels, or channels with a height and a width`,
    );
  }
  throw new UsageError(
    found
      ? `the layer ${path} returns several values: name one of those inside it, of ${listCalled(tracer, path)}`
      : `the network has no layer ${path}: it has ${listCalled(tracer)}`,
    { code: 'ERR_NO_MATCH' },
  );
}
