/** Instructions of a step that ran one at a time. */
import type { GraphNode, TypedArray, ValueInfo } from '@inplace-abn/core';

/** An instruction of a step that has run. */
export interface InspectedInstruction extends Pick<GraphNode, 'path' | 'phase'> {
  /** Part of the batch, from 0, if `optimizer.accumulate` divides it. */
  readonly part: number;
  /** Its index in the plan. */
  readonly instruction: number;
  /** Name of the op. */
  readonly op: string;
  /** The values that it wrote: elements in storage order, channels last. */
  readonly values: readonly (ValueInfo & {
    /** One element for each of the shape. */
    readonly data: TypedArray;
  })[];
}

/** Called after each instruction of a step. */
export type VisitInstruction = (instruction: InspectedInstruction) => void;
