/** An ONNX model before encoding, as the rules of ops write it. */
import type { DType, Shape } from '@inplace-abn/core';

/** An attribute of an ONNX node. */
export type OnnxAttribute =
  | {
      /** FLOAT: stored as float32. */
      readonly float: number;
    }
  | {
      /** INT: stored as int64. */
      readonly int: number;
    }
  | {
      /** INTS: stored as int64. */
      readonly ints: readonly number[];
    }
  | {
      /** STRING: stored as UTF-8. */
      readonly text: string;
    };

/** Attributes of an ONNX node by name. */
export type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>;

/** A node of an ONNX graph. */
export interface OnnxNode {
  /** Begins with the module path of its layer. */
  readonly name: string;
  /** ONNX operator, such as `Conv`. */
  readonly type: string;
  /** Names of values; '' for an operand that is left out. */
  readonly inputs: readonly string[];
  /** Names of values. */
  readonly outputs: readonly string[];
  /** Attributes by ONNX name. */
  readonly attributes: OnnxAttributes;
}

/** A tensor of the file, such as a weight. */
export interface OnnxTensor {
  /** Name in the state dictionary, or of a constant. */
  readonly name: string;
  /** Element type in the file. */
  readonly dtype: DType;
  /** Sizes in ONNX's order, N×C×H×W. */
  readonly shape: Shape;
  /** Row-major, little-endian. */
  readonly bytes: Uint8Array;
}

/** An input or output; dynamic sizes have names. */
export interface OnnxSignal {
  /** Name by which a runtime feeds or fetches it. */
  readonly name: string;
  /** Element type. */
  readonly dtype: DType;
  /** Sizes, or the name of a dynamic one. */
  readonly shape: readonly (number | string)[];
}

/** An ONNX model in memory. */
export interface OnnxModel {
  /** Nodes in topological order. */
  readonly nodes: readonly OnnxNode[];
  /** Weights and constants. */
  readonly tensors: readonly OnnxTensor[];
  /** Inputs, in the order of the network's. */
  readonly inputs: readonly OnnxSignal[];
  /** Outputs, in the order of the network's. */
  readonly outputs: readonly OnnxSignal[];
  /** Properties of the file, by key. */
  readonly metadata: ReadonlyMap<string, string>;
}
