// @ts-check
// Writes an evaluation graph as an ONNX model, so that another runtime computes the same network with the same weights.
// A normalization stays a node of its own, as exporters leave it. Field numbers are those of onnx.proto (IR version 8).
import { valueInfo } from '@inplace-abn/core';
import protobuf from 'protobufjs/minimal.js';

/** @typedef {import('@inplace-abn/core').Graph} Graph */
/** @typedef {import('@inplace-abn/core').GraphNode} GraphNode */
/** @typedef {import('protobufjs').Writer} Writer */
/** @typedef {number | string | readonly number[]} Attribute  a number is a float, a list holds integers */
/** @typedef {{ op: string, inputs: readonly string[], attributes?: Record<string, Attribute>, integers?: Record<string, number> }} OnnxNode */
/** @typedef {Map<string, { dims: readonly number[], data: Float32Array }>} Tensors */

const OPSET = 17;
const IR_VERSION = 8;
const FLOAT = 1;
const ATTRIBUTE = { float: 1, integer: 2, integers: 7 };

/**
 * The model's bytes. Inputs and outputs keep their names and are N×C×H×W, as ONNX has them.
 * @param {Graph} graph  float32, without updates
 * @param {ReadonlyMap<string, { data: ArrayLike<number | bigint> }>} states
 * @returns {Uint8Array}
 */
export function onnxModel(graph, states) {
  /** @type {Tensors} */
  const tensors = new Map();
  /** @type {Map<number, Float32Array>} */
  const constants = new Map();
  for (const { name, value } of graph.states) {
    const data = Float32Array.from(states.get(name)?.data ?? [], Number);
    constants.set(value, data);
    tensors.set(`v${value}`, { dims: valueInfo(graph, value).shape, data });
  }
  const names = new Map([...graph.inputs, ...graph.outputs].map(([name, id]) => [id, name]));
  const nameOf = (/** @type {number} */ id) => names.get(id) ?? `v${id}`;
  const model = new protobuf.Writer();
  message(model, 8, (opset) => opset.uint32(tag(2, 0)).int64(OPSET));
  model.uint32(tag(1, 0)).int64(IR_VERSION);
  message(model, 7, (body) => {
    for (const node of graph.nodes) writeNodes(body, onnxNodes(node, constants, tensors, nameOf));
    body.uint32(tag(2, 2)).string('network');
    for (const [name, tensor] of tensors) message(body, 5, (writer) => writeTensor(writer, name, tensor));
    for (const [name, id] of graph.inputs) {
      message(body, 11, (writer) => writeValue(writer, name, valueInfo(graph, id).shape));
    }
    for (const [name, id] of graph.outputs) {
      message(body, 12, (writer) => writeValue(writer, name, valueInfo(graph, id).shape));
    }
  });
  return model.finish();
}

/**
 * What a node is in ONNX, one or two nodes in a row; each but the last gives a value of its own.
 * @param {GraphNode} node
 * @param {ReadonlyMap<number, Float32Array>} constants
 * @param {Tensors} tensors  takes what is computed here
 * @param {(id: number) => string} nameOf
 * @returns {{ output: string, nodes: OnnxNode[] }}
 */
function onnxNodes(node, constants, tensors, nameOf) {
  const inputs = node.inputs.filter((id) => id !== null).map(nameOf);
  const output = nameOf(node.outputs[0] ?? -1);
  const attrs = /** @type {Record<string, any>} */ (node.attrs);
  const padding = () => [...attrs.padding, ...attrs.padding];
  switch (node.op.name) {
    case 'conv2d':
      return {
        output,
        nodes: [
          {
            op: 'Conv',
            inputs,
            attributes: { strides: attrs.stride, pads: padding(), dilations: attrs.dilation },
            integers: { group: attrs.groups },
          },
        ],
      };
    case 'abn_apply': {
      const [x = '', mean = '', variance = '', weight = '', bias = ''] = inputs;
      const gamma = constants.get(node.inputs[3] ?? -1) ?? new Float32Array();
      const scale = `${weight}.scale`;
      const data = attrs.scale === 'abs' ? gamma.map((value) => Math.abs(value) + attrs.eps) : gamma;
      tensors.set(scale, { dims: [data.length], data });
      const norm = { op: 'BatchNormalization', inputs: [x, scale, bias, mean, variance] };
      return { output, nodes: [{ ...norm, attributes: { epsilon: attrs.eps } }, ...activation(attrs)] };
    }
    case 'add':
      return { output, nodes: [{ op: 'Add', inputs }, ...activation(attrs)] };
    case 'max_pool':
      return {
        output,
        nodes: [
          {
            op: 'MaxPool',
            inputs,
            attributes: { kernel_shape: attrs.kernel, strides: attrs.stride, pads: padding() },
          },
        ],
      };
    case 'global_avg_pool':
      return {
        output,
        nodes: [
          { op: 'GlobalAveragePool', inputs },
          { op: 'Flatten', inputs: [] },
        ],
      };
    case 'linear':
      return { output, nodes: [{ op: 'Gemm', inputs, integers: { transB: 1 } }] };
    default:
      throw new Error(`no ONNX form is written here for ${node.op.name} at ${node.path}`);
  }
}

/**
 * @param {Record<string, any>} attrs
 * @returns {OnnxNode[]}
 */
function activation({ activation: name, slope }) {
  if (name === 'identity') return [];
  if (name === 'relu') return [{ op: 'Relu', inputs: [] }];
  return [{ op: name === 'elu' ? 'Elu' : 'LeakyRelu', inputs: [], attributes: { alpha: slope } }];
}

/**
 * @param {Writer} graph
 * @param {{ output: string, nodes: OnnxNode[] }} chain  a node without inputs reads what the one before it gives
 */
function writeNodes(graph, { output, nodes }) {
  nodes.forEach(({ op, inputs, attributes = {}, integers = {} }, index) => {
    message(graph, 1, (node) => {
      for (const input of index > 0 ? [`${output}.${index - 1}`] : inputs)
        node.uint32(tag(1, 2)).string(input);
      node.uint32(tag(2, 2)).string(index === nodes.length - 1 ? output : `${output}.${index}`);
      node.uint32(tag(4, 2)).string(op);
      for (const [name, value] of Object.entries(attributes)) {
        message(node, 5, (attribute) => {
          attribute.uint32(tag(1, 2)).string(name);
          if (typeof value === 'number') attribute.uint32(tag(2, 5)).float(value);
          else for (const item of value) attribute.uint32(tag(8, 0)).int64(Number(item));
          const type = typeof value === 'number' ? ATTRIBUTE.float : ATTRIBUTE.integers;
          attribute.uint32(tag(20, 0)).int32(type);
        });
      }
      for (const [name, value] of Object.entries(integers)) {
        message(node, 5, (attribute) => {
          attribute.uint32(tag(1, 2)).string(name).uint32(tag(3, 0)).int64(value);
          attribute.uint32(tag(20, 0)).int32(ATTRIBUTE.integer);
        });
      }
    });
  });
}

/**
 * @param {Writer} writer
 * @param {string} name
 * @param {{ dims: readonly number[], data: Float32Array }} tensor
 */
function writeTensor(writer, name, { dims, data }) {
  for (const size of dims) writer.uint32(tag(1, 0)).int64(size);
  writer.uint32(tag(2, 0)).int32(FLOAT);
  writer.uint32(tag(8, 2)).string(name);
  writer.uint32(tag(9, 2)).bytes(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/**
 * @param {Writer} writer
 * @param {string} name
 * @param {readonly number[]} shape
 */
function writeValue(writer, name, shape) {
  writer.uint32(tag(1, 2)).string(name);
  message(writer, 2, (type) => {
    message(type, 1, (tensor) => {
      tensor.uint32(tag(1, 0)).int32(FLOAT);
      message(tensor, 2, (dims) => {
        for (const size of shape) message(dims, 1, (dim) => dim.uint32(tag(1, 0)).int64(size));
      });
    });
  });
}

/**
 * A field's number with its wire type: 0 variable-length integer, 2 length-delimited, 5 float.
 * @param {number} field
 * @param {0 | 2 | 5} wire
 */
function tag(field, wire) {
  return ((field << 3) | wire) >>> 0;
}

/**
 * @param {Writer} writer
 * @param {number} field
 * @param {(nested: Writer) => unknown} body
 */
function message(writer, field, body) {
  writer.uint32(tag(field, 2)).fork();
  body(writer);
  writer.ldelim();
}
