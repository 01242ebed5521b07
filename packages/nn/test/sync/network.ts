/** A small network with all layers that statistics pass through: activations, a sum, a stride, a head. */
import {
  type Activation,
  activation,
  add,
  crossEntropy,
  type Graph,
  gradients,
  type Program,
  programOf,
  type Store,
  type TypedArray,
  trace,
  type Value,
} from '@inplace-abn/core';
import {
  type AbnOptions,
  Conv2d,
  GlobalAvgPool2d,
  initialState,
  Linear,
  Module,
  parametersIn,
} from '@inplace-abn/nn';
import { testDevice } from './device.js';

export interface NetShape {
  readonly channels: number;
  readonly activation: Activation;
  readonly momentum: number | null;
  readonly steps: number;
  readonly precision: 'float32' | 'bfloat16';
}

/** Some images of a batch. */
export interface Share {
  readonly net: NetShape;
  /** N×C×H×W, stored channels last. */
  readonly shape: readonly [number, number, number, number];
  readonly images: Float32Array;
  readonly labels: Int32Array;
  /** Number of images in the whole batch. */
  readonly total: number;
}

export interface Outcome {
  readonly logits: Float32Array;
  /** This share's contribution to the mean. */
  readonly loss: number;
  /** Gradients of this share only. */
  readonly gradients: Readonly<Record<string, Float32Array>>;
  readonly buffers: Readonly<Record<string, readonly number[]>>;
}

export const CLASSES = 5;
/** The smoothest elu: at a kink, rounding would decide a gradient. */
const PARAMETERS: Readonly<Record<string, number>> = { leaky_relu: 0.1, elu: 1 };

function slopeOf({ activation: kind }: NetShape): number {
  return PARAMETERS[kind] ?? 1;
}

export type Layer = (channels: number, options: AbnOptions) => Module;

class Net extends Module {
  private readonly conv1: Module;
  private readonly bn1: Module;
  private readonly conv2: Module;
  private readonly bn2: Module;
  private readonly conv3: Module;
  private readonly bn3: Module;
  private readonly pool = new GlobalAvgPool2d();
  private readonly fc: Module;

  constructor(
    inputs: number,
    private readonly net: NetShape,
    layer: Layer,
  ) {
    super();
    const { channels, momentum } = net;
    const options = { activation: net.activation, activationParam: slopeOf(net), momentum };
    this.conv1 = new Conv2d(inputs, channels, 3, { padding: 1, bias: false });
    this.bn1 = layer(channels, options);
    this.conv2 = new Conv2d(channels, channels, 3, { padding: 1, bias: false });
    this.bn2 = layer(channels, { ...options, activation: 'identity' });
    this.conv3 = new Conv2d(channels, channels + 1, 1, { stride: 2, bias: false });
    this.bn3 = layer(channels + 1, options);
    this.fc = new Linear(channels + 1, CLASSES);
  }

  protected forward(x: Value): Value {
    const first = this.bn1.call(this.conv1.call(x));
    const second = this.bn2.call(this.conv2.call(first));
    const sum = activation(add(second, first), { activation: this.net.activation, slope: slopeOf(this.net) });
    const third = this.bn3.call(this.conv3.call(sum));
    return this.fc.call(this.pool.call(third));
  }
}

/**
 * Runs forward and backward on a share, `net.steps` times, so that running statistics are updated repeatedly.
 */
export async function runNetwork(
  { net, shape, images, labels, total }: Share,
  layer: Layer,
): Promise<Outcome> {
  const network = new Net(shape[1], net, layer);
  const names: string[] = [];
  const graph = trace((tracer) => {
    const logits = network.call(tracer.input('x', shape, 'float32'), { training: true });
    const count = tracer.input('count', [], 'float32');
    const loss = crossEntropy(logits, tracer.input('labels', [shape[0]], 'int32'), { count });
    const parameters = [...parametersIn(loss)];
    const diffs = gradients(
      loss,
      parameters.map(([, value]) => value),
    );
    const named = parameters.flatMap(([name], index): [string, Value][] => {
      const diff = diffs[index];
      if (!diff) return [];
      names.push(name);
      return [[`d:${name}`, diff]];
    });
    return { logits, loss, ...Object.fromEntries(named) };
  });
  const { program, store } = load(network, graph, net.precision);
  let outputs: Record<string, TypedArray> = {};
  for (let step = 0; step < net.steps; step++) {
    ({ outputs } = await program.run({ x: images, labels, count: Float32Array.of(total) }));
  }
  return {
    logits: floats(outputs.logits),
    loss: Number(outputs.loss?.[0]),
    gradients: Object.fromEntries(names.map((name) => [name, floats(outputs[`d:${name}`])])),
    buffers: Object.fromEntries(
      [...store.stateDict('buffer')].map(([name, { data }]) => [name, Array.from(data, Number)]),
    ),
  };
}

function load(
  network: Net,
  graph: Graph,
  precision: NetShape['precision'],
): { program: Program; store: Store } {
  const program = programOf(graph, { device: testDevice(), precision });
  const { store } = program;
  for (const [name, { data }] of initialState(network, { seed: 3 })) store.write(name, data);
  for (const { name, kind, shape } of store.specs) {
    if (kind !== 'parameter' || !/bn\d\./.test(name)) continue;
    // Scales of both signs, because the scale is |γ| + ε.
    const fill = name.endsWith('weight')
      ? (i: number) => [1.3, -0.7][i % 2] ?? 0
      : (i: number) => 0.1 * (i % 3);
    store.write(
      name,
      Float32Array.from({ length: shape[0] ?? 0 }, (_, i) => fill(i)),
    );
  }
  return { program, store };
}

function floats(array: TypedArray | undefined): Float32Array {
  if (!(array instanceof Float32Array)) throw new TypeError('expected an output of floats');
  return array;
}
