/** Models as the messages of onnx.proto. The descriptor onnx.json has the fields that are written here. */
import type { DType } from '@inplace-abn/core';
import protobuf from 'protobufjs/light.js';
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxSignal, OnnxTensor } from '../model/model.js';
import descriptor from './onnx.json' with { type: 'json' };

/** The operator set that the rules are written for. */
export const OPSET = 17;
/** The first version of the format with that operator set. */
const IR_VERSION = 8;

const PRODUCER = 'inplace-abn';

/** Where a tensor's bytes are when they are not in the message. */
export interface ExternalPlace {
  /** A file in the model's folder. */
  readonly location: string;
  readonly offset: number;
}

/** TensorProto.DataType */
export const DATA_TYPES: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  float16: 10,
  bfloat16: 16,
};

/** AttributeProto.AttributeType */
const ATTRIBUTE_TYPES = { float: 1, int: 2, text: 3, ints: 7 } as const;
/** TensorProto.DataLocation */
const EXTERNAL = 1;

export const ModelProto = protobuf.Root.fromJSON(descriptor).lookupType('onnx.ModelProto');

/** The bytes of a model's message; `placeOf`: of a tensor that lies in another file, null for one in the message. */
export function encodeModel(
  model: OnnxModel,
  placeOf: (tensor: OnnxTensor) => ExternalPlace | null,
): Uint8Array {
  const message = {
    irVersion: IR_VERSION,
    opsetImport: [{ domain: '', version: OPSET }],
    producerName: PRODUCER,
    graph: {
      name: 'network',
      node: model.nodes.map(nodeProto),
      initializer: model.tensors.map((tensor) => tensorProto(tensor, placeOf(tensor))),
      input: model.inputs.map(signalProto),
      output: model.outputs.map(signalProto),
    },
    metadataProps: entries(Object.fromEntries(model.metadata)),
  };
  return ModelProto.encode(message).finish();
}

function nodeProto({ name, type, inputs, outputs, attributes }: OnnxNode) {
  const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
  return { name, opType: type, input: inputs, output: outputs, attribute };
}

function attributeProto(name: string, value: OnnxAttribute) {
  if ('float' in value) return { name, f: value.float, type: ATTRIBUTE_TYPES.float };
  if ('int' in value) return { name, i: value.int, type: ATTRIBUTE_TYPES.int };
  if ('ints' in value) return { name, ints: value.ints, type: ATTRIBUTE_TYPES.ints };
  return { name, s: new TextEncoder().encode(value.text), type: ATTRIBUTE_TYPES.text };
}

function tensorProto({ name, dtype, shape, bytes }: OnnxTensor, place: ExternalPlace | null) {
  const tensor = { name, dims: shape, dataType: DATA_TYPES[dtype] };
  if (!place) return { ...tensor, rawData: bytes };
  const externalData = entries({
    location: place.location,
    offset: String(place.offset),
    length: String(bytes.byteLength),
  });
  return { ...tensor, dataLocation: EXTERNAL, externalData };
}

function signalProto({ name, dtype, shape }: OnnxSignal) {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: DATA_TYPES[dtype], shape: { dim } } } };
}

function entries(record: Readonly<Record<string, string>>) {
  return Object.entries(record).map(([key, value]) => ({ key, value }));
}
