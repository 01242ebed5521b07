/** Encodes models as messages of onnx.proto, with its field numbers in order. */
import type { DType } from '@inplace-abn/core';
import { PbfWriter } from 'pbf';
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxSignal, OnnxTensor } from '../model/model.js';

/** The operator set of the rules. */
const OPSET = 17;
/** The first version of the format with that operator set. */
const IR_VERSION = 8;

const PRODUCER = 'inplace-abn';

/** The location of a tensor's bytes outside the message. */
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
/** Room for a node or tensor without its data. */
const BYTES_OF_ENTRY = 1024;

type PlaceOf = (tensor: OnnxTensor) => ExternalPlace | null;

/**
 * Encodes a model. `placeOf` returns the location of a tensor in another file, or null for one in the
 * message.
 */
export function encodeModel(model: OnnxModel, placeOf: PlaceOf): Uint8Array {
  const out = new PbfWriter(new Uint8Array(expectedBytes(model, placeOf)));
  out.writeVarintField(1, IR_VERSION);
  out.writeStringField(2, PRODUCER);
  out.writeMessage(7, writeGraph, { model, placeOf });
  out.writeMessage(8, writeOperatorSet, OPSET);
  for (const entry of model.metadata) out.writeMessage(14, writeEntry, entry);
  return out.finish();
}

/** Usually enough; a writer that has to grow copies everything and doubles. */
function expectedBytes({ nodes, tensors }: OnnxModel, placeOf: PlaceOf): number {
  const inside = tensors.filter((tensor) => !placeOf(tensor));
  const bytes = inside.reduce((sum, tensor) => sum + tensor.bytes.byteLength, 0);
  return bytes + BYTES_OF_ENTRY * (nodes.length + tensors.length + 1);
}

function writeGraph({ model, placeOf }: { model: OnnxModel; placeOf: PlaceOf }, out: PbfWriter): void {
  for (const node of model.nodes) out.writeMessage(1, writeNode, node);
  out.writeStringField(2, 'network');
  for (const tensor of model.tensors) {
    out.writeMessage(5, writeTensor, { tensor, place: placeOf(tensor) });
  }
  for (const input of model.inputs) out.writeMessage(11, writeSignal, input);
  for (const output of model.outputs) out.writeMessage(12, writeSignal, output);
}

function writeNode({ name, type, inputs, outputs, attributes }: OnnxNode, out: PbfWriter): void {
  for (const input of inputs) out.writeStringField(1, input);
  for (const output of outputs) out.writeStringField(2, output);
  out.writeStringField(3, name);
  out.writeStringField(4, type);
  for (const entry of Object.entries(attributes)) out.writeMessage(5, writeAttribute, entry);
}

function writeAttribute([name, value]: [string, OnnxAttribute], out: PbfWriter): void {
  out.writeStringField(1, name);
  if ('float' in value) out.writeFloatField(2, value.float);
  else if ('int' in value) out.writeVarintField(3, value.int);
  else if ('text' in value) out.writeStringField(4, value.text);
  else for (const int of value.ints) out.writeVarintField(8, int);
  out.writeVarintField(20, attributeType(value));
}

function attributeType(value: OnnxAttribute): number {
  if ('float' in value) return ATTRIBUTE_TYPES.float;
  if ('int' in value) return ATTRIBUTE_TYPES.int;
  return 'text' in value ? ATTRIBUTE_TYPES.text : ATTRIBUTE_TYPES.ints;
}

function writeTensor(
  { tensor, place }: { tensor: OnnxTensor; place: ExternalPlace | null },
  out: PbfWriter,
): void {
  for (const size of tensor.shape) out.writeVarintField(1, size);
  out.writeVarintField(2, DATA_TYPES[tensor.dtype]);
  out.writeStringField(8, tensor.name);
  if (!place) {
    out.writeBytesField(9, tensor.bytes);
    return;
  }
  out.writeMessage(13, writeEntry, ['location', place.location]);
  out.writeMessage(13, writeEntry, ['offset', String(place.offset)]);
  out.writeMessage(13, writeEntry, ['length', String(tensor.bytes.byteLength)]);
  out.writeVarintField(14, EXTERNAL);
}

/** ValueInfoProto with its nested messages: type, tensor_type, shape and sizes. */
function writeSignal({ name, dtype, shape }: OnnxSignal, out: PbfWriter): void {
  out.writeStringField(1, name);
  out.writeMessage(2, nested, () => {
    out.writeMessage(1, nested, () => {
      out.writeVarintField(1, DATA_TYPES[dtype]);
      out.writeMessage(2, nested, () => {
        for (const size of shape) out.writeMessage(1, writeDimension, size);
      });
    });
  });
}

const nested = (write: () => void) => write();

function writeDimension(size: number | string, out: PbfWriter): void {
  if (typeof size === 'number') out.writeVarintField(1, size);
  else out.writeStringField(2, size);
}

function writeOperatorSet(version: number, out: PbfWriter): void {
  // The domain of ONNX itself.
  out.writeStringField(1, '');
  out.writeVarintField(2, version);
}

function writeEntry([key, value]: [string, string], out: PbfWriter): void {
  out.writeStringField(1, key);
  out.writeStringField(2, value);
}
