/** The output of a layer inside a network as one vector for each image. */
import { globalAvgPool, type Tracer, UsageError, Value } from '@inplace-abn/core';
import { calledPaths, type Mode, Module, returnedAt } from '@inplace-abn/nn';

/**
 * A network up to the layer at `path`: its output, images N×C, or the mean over height and width of N×C×H×W. It has the paths and
 * states of the whole network; nothing behind the layer is computed.
 */
export function featuresAt(network: Module, path: string): Module {
  return new Features(network, path);
}

class Features extends Module {
  // Not a property that modules are found in: the network's own paths are those of its states.
  readonly #network: Module;

  constructor(
    network: Module,
    private readonly path: string,
  ) {
    super();
    this.#network = network;
  }

  override call(x: Value, mode?: Mode): Value {
    return this.forward(x, mode);
  }

  protected override forward(x: Value, mode?: Mode): Value {
    this.#network.call(x, mode);
    return vectorOf(x.tracer, this.path);
  }
}

function vectorOf(tracer: Tracer, path: string): Value {
  const found = returnedAt(tracer, path);
  if (found instanceof Value) {
    if (found.shape.length === 4) return tracer.within('features', () => globalAvgPool(found));
    if (found.shape.length === 2) return found;
    throw new UsageError(
      `the layer ${path} gives ${found}: expected images×channels, or channels with a height and a width`,
    );
  }
  const paths = calledPaths(tracer).join(', ');
  throw new UsageError(
    found
      ? `the layer ${path} returns several values: name one of those inside it, of ${paths}`
      : `the network has no layer ${path}: it has ${paths}`,
    { code: 'ERR_NO_MATCH' },
  );
}
