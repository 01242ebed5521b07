import { type DType, formatType, type Shape } from '@inplace-abn/tensor';
import type { ValueId, ValueInfo, ValueKind } from './graph.js';
import type { Tracer } from './tracer.js';

/** A symbolic tensor: a handle to a graph value during tracing. */
export class Value {
  constructor(
    readonly tracer: Tracer,
    private readonly info: ValueInfo,
  ) {}

  get id(): ValueId {
    return this.info.id;
  }

  /** Logical shape N×C×S1×…, regardless of the channels-last storage order. */
  get shape(): Shape {
    return this.info.shape;
  }

  get dtype(): DType {
    return this.info.dtype;
  }

  get kind(): ValueKind {
    return this.info.kind;
  }

  toString(): string {
    return `%${this.info.id}:${formatType(this.info)}`;
  }
}
