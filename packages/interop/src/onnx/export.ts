/** Exports networks as ONNX models. */
import {
  checkOptionNames,
  type DType,
  fold,
  type Graph,
  type HostTensor,
  prune,
  type Shape,
  type TensorType,
  trace,
  UsageError,
  Value,
  valueInfo,
} from '@inplace-abn/core';
import { EVALUATION, type Module, type Per, type Signals } from '@inplace-abn/nn';
import type { OnnxModel, OnnxSignal } from './model/model.js';
import { type Normalization, writePreprocessing } from './preprocessing.js';
import { type DynamicAxis, type InputTypes, type SizeRange, traced } from './traces.js';
import { type WriteOnnxOptions, writeOnnx } from './write.js';
import { GraphWriter } from './writer.js';

/** A network with its weights; a Session is one. */
export interface TrainedNetwork<In extends Signals = Value, Out extends Signals = Value> {
  /** The network, which is traced in evaluation mode. */
  readonly module: Module<In, Out>;
  /** Parameters and buffers, by their names in the state dictionary. */
  readonly state: ReadonlyMap<string, HostTensor>;
}

/** One sample, without the batch: images are C×H×W. */
export interface OnnxInput {
  /** Sizes of one sample, such as [3, 224, 224]. */
  readonly shape: Shape;
  /** Element type. Default float32. */
  readonly dtype?: DType;
}

/** Properties of the file, in JSON. */
export interface OnnxMetadata extends Partial<Normalization> {
  /** Names of the outputs, in order; a network may have more outputs. */
  readonly classes?: readonly string[];
  /** Length of the shorter side of images before cropping, or height and width. */
  readonly scale?: number | readonly number[];
  /** Side of the square crop, or height and width. */
  readonly crop?: number | readonly number[];
}

/** Options of exporting a network as ONNX. */
export interface OnnxOptions<In extends Signals = Value> {
  /**
   * One sample of the network's input, or of each input by name. Its sizes along dynamic axes are examples.
   */
  readonly input: Per<In, OnnxInput>;
  /** Samples per run; default 1. */
  readonly batch?: number;
  /** Axes with dynamic sizes; default none. */
  readonly dynamic?: readonly DynamicAxis[];
  /**
   * The heights and widths that a dynamic model must support, for a network whose graph depends on them.
   * Default: any.
   */
  readonly sizes?: SizeRange;
  /** Whether to fold normalizations into the weights of convolutions before them; default false. */
  readonly fold?: boolean;
  /** Makes the model take decoded images, uint8 N×H×W×3, and apply this normalization. */
  readonly preprocessing?: Normalization;
  /** Properties to write into the file; default none. */
  readonly metadata?: OnnxMetadata;
}

const OPTIONS = ['input', 'batch', 'dynamic', 'sizes', 'fold', 'preprocessing', 'metadata'] as const;

/**
 * The evaluation of a network as an ONNX model, opset 17. An op without an ONNX form is refused. Inputs and
 * outputs are N×C×H×W and named `input` and `output`, unless the network names them.
 *
 * @throws UsageError, code ERR_NO_ONNX_FORM, for an op without a rule; ERR_NOT_DYNAMIC for an axis that
 *   cannot be dynamic; ERR_CLASSES for more class names than outputs; ERR_WEIGHTS for a weight that is
 *   missing or has another shape; ERR_PREPROCESSING if it does not fit the input; ERR_UNKNOWN_OPTION
 */
export function onnxModel<In extends Signals, Out extends Signals>(
  { module, state }: TrainedNetwork<In, Out>,
  options: OnnxOptions<In>,
): OnnxModel {
  checkOptionNames('onnxModel', options, OPTIONS);
  const { dynamic = [], sizes, fold: folding = false, preprocessing, metadata = {} } = options;
  // Kernels and views often differ for a single sample, so the example of a dynamic batch has several.
  const { batch = dynamic.includes('batch') ? 2 : 1 } = options;
  const graphOf = (types: InputTypes): Graph => fold(prune(evaluation(module, types)), folding);
  const traces = traced(graphOf, inputTypes(options.input, batch), dynamic, sizes);
  const writer = new GraphWriter(traces, state);
  const inputs = [...traces.first.inputs].map(([name, id]): OnnxSignal => {
    if (preprocessing) return writePreprocessing(writer, name, id, preprocessing);
    writer.define(id, name);
    return writer.signal(name, id);
  });
  writer.writeNodes();
  const outputs = writer.nameOutputs();
  checkClasses(traces.first, metadata.classes);
  const { nodes, tensors } = writer;
  return { nodes, tensors, inputs, outputs, metadata: properties(metadata) };
}

/**
 * Writes the evaluation of a network as an ONNX file: {@link onnxModel} and {@link writeOnnx}.
 *
 * @returns the files that were written
 * @throws UsageError as {@link onnxModel} does; CheckpointError naming a file that cannot be written
 */
export function exportOnnx<In extends Signals, Out extends Signals>(
  network: TrainedNetwork<In, Out>,
  path: string,
  { externalData, ...options }: OnnxOptions<In> & WriteOnnxOptions,
): Promise<string[]> {
  return writeOnnx(path, onnxModel(network, options), { externalData });
}

function evaluation<In extends Signals, Out extends Signals>(
  module: Module<In, Out>,
  types: InputTypes,
): Graph {
  return trace((tracer) => {
    const values = [...types].map(([name, { shape, dtype }]): [string, Value] => {
      return [name, tracer.input(name, shape, dtype)];
    });
    const single = values[0]?.[0] === INPUT ? values[0][1] : undefined;
    // The network's types determine which of the two it is, which TypeScript cannot infer here.
    const output = module.call((single ?? Object.fromEntries(values)) as In, EVALUATION);
    const outputs: Signals = output;
    return outputs instanceof Value ? { output: outputs } : outputs;
  });
}

const INPUT = 'input';

function inputTypes<In extends Signals>(input: Per<In, OnnxInput>, batch: number): Map<string, TensorType> {
  const given: OnnxInput | Readonly<Record<string, OnnxInput>> = input;
  const named = isOne(given) ? [[INPUT, given] as const] : Object.entries(given);
  return new Map(
    named.map(([name, { shape, dtype = 'float32' }]) => [name, { shape: [batch, ...shape], dtype }]),
  );
}

function isOne(input: OnnxInput | Readonly<Record<string, OnnxInput>>): input is OnnxInput {
  return Array.isArray(input.shape);
}

function checkClasses(graph: Graph, classes: readonly string[] | undefined): void {
  const [output] = graph.outputs.values();
  if (!classes || output === undefined) return;
  const { shape } = valueInfo(graph, output);
  if ((shape[1] ?? 0) >= classes.length) return;
  throw new UsageError(`${classes.length} class names were given but the network has ${shape[1]} outputs`, {
    code: 'ERR_CLASSES',
  });
}

function properties(metadata: OnnxMetadata): Map<string, string> {
  const entries = Object.entries(metadata).filter(([, value]) => value !== undefined);
  return new Map(entries.map(([key, value]) => [key, JSON.stringify(value)]));
}
