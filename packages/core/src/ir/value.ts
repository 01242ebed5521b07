import { type DType, formatType, type Shape } from '@inplace-abn/tensor';
import { ShapeError } from '../errors.js';
import type { ValueId, ValueInfo, ValueKind } from './graph.js';
import type { Tracer } from './tracer.js';

/** A symbolic tensor: a handle to a graph value during tracing. */
export class Value<D extends DType = DType> {
  /** For tracers. A program gets values from {@link Tracer.input}, {@link Tracer.state} and ops. */
  constructor(
    /** The trace that it belongs to. Values of different traces do not mix. */
    readonly tracer: Tracer,
    private readonly info: ValueInfo<D>,
  ) {}

  /** Number within its trace. */
  get id(): ValueId {
    return this.info.id;
  }

  /** Logical shape N×C×S1×…, regardless of the channels-last storage order. */
  get shape(): Shape {
    return this.info.shape;
  }

  /**
   * Element type in the trace. A plan of lower precision may compute in another, but returns outputs in this
   * one.
   */
  get dtype(): D {
    return this.info.dtype;
  }

  /** Memory category in plans. */
  get kind(): ValueKind {
    return this.info.kind;
  }

  /** True if the value has this dtype; narrows its type. */
  is<T extends DType>(dtype: T): this is Value<T> {
    const own: DType = this.info.dtype;
    return own === dtype;
  }

  /**
   * This value with `dtype` in its type, so that a program returns it as the typed array of that dtype.
   *
   * @throws ShapeError if the value has another dtype
   */
  as<T extends DType>(dtype: T): Value<T> {
    if (this.is(dtype)) return this;
    throw new ShapeError(`${this.tracer.path || '(top)'}: expected ${dtype} but received ${this}`);
  }

  /** Id and type, such as `%35:float32[2,64,56,56]`. */
  toString(): string {
    return `%${this.info.id}:${formatType(this.info)}`;
  }
}
