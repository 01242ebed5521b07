/** An ONNX model before it is encoded: what the rules of ops write. */
import type { DType, Shape } from '@inplace-abn/core';

/** An attribute of an ONNX node. */
export type OnnxAttribute =
  | { readonly float: number }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string };

/** Attributes of an ONNX node by name. */
export type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>;

/** A node of an ONNX graph. */
export interface OnnxNode {
  readonly name: string;
  readonly type: string;
  /** Names of values; '' for an operand that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: OnnxAttributes;
}

/** A tensor of the file, such as a weight. */
export interface OnnxTensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Row-major, little-endian. */
  readonly bytes: Uint8Array;
}

/** An input or output; a size that may change has a name. */
export interface OnnxSignal {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

/** An ONNX model in memory. */
export interface OnnxModel {
  /** In an order in which they can be computed. */
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
  readonly inputs: readonly OnnxSignal[];
  readonly outputs: readonly OnnxSignal[];
  /** Properties of the file, by key. */
  readonly metadata: ReadonlyMap<string, string>;
}
