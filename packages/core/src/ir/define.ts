/**
 * What an op is. Every rule must be stated, if only as "none": a definition that leaves one out does not compile, and no
 * pass knows an op by name. (One place per op, forward and backward together: the habit of candle's op trait.)
 */
import type { DType, Shape, TensorType } from '@inplace-abn/tensor';
import type { ActivationAttributes } from './activations.js';
import type { Expression } from './expression.js';
import type { GraphNode } from './graph.js';
import type { Value } from './value.js';

export type Attribute = number | string | boolean | readonly number[];
export type Attributes = { readonly [key: string]: Attribute };
export type NoAttributes = Readonly<Record<string, never>>;

/**
 * `data`: float32 or the compute precision, channels-last; all data operands of a node share one dtype. `any`: the op's own
 * rule says which dtypes it takes, and no pass changes them. `labels`: class ids, int32 or, as label maps have them, uint8.
 */
export type OperandKind = 'data' | 'any' | 'labels' | DType;

export interface Operand {
  readonly name: string;
  readonly kind: OperandKind;
  readonly optional?: true;
  /** The last operand only: repeats one or more times. */
  readonly variadic?: true;
  /** Kernels take (or write) it with rows further apart than its channels, as it lies in a wider value. */
  readonly pitched?: true;
}

export interface InferContext<A> {
  readonly inputs: readonly (TensorType | null)[];
  readonly attrs: A;
  /** Type of operand `index`; throws when it is absent. */
  input(index: number): TensorType;
}

export interface GradientContext<A> {
  readonly attrs: A;
  /** Operand `index`; throws when absent. */
  input(index: number): Value;
  readonly inputs: readonly (Value | null)[];
  output(index: number): Value;
  /** ∂loss/∂output, or null where the loss does not depend on it. */
  diff(index: number): Value;
  readonly diffs: readonly (Value | null)[];
  /** Whether ∂loss/∂input is asked for. */
  needs(index: number): boolean;
}

export interface Overwrite {
  /** Output that may be written over … */
  readonly output: number;
  /** … this input. */
  readonly input: number;
  /** The output is the new content of a state and always takes its memory. */
  readonly required?: true;
}

/** An input that is some channels of an output, or the reverse: the node does nothing where they share memory. */
export interface Slice {
  readonly input: number;
  readonly output: number;
  /** The first channel. */
  readonly begin: number;
  readonly whole: 'input' | 'output';
  /** The whole is a flat vector, and the value the elements from `begin` on, dense. */
  readonly flat?: true;
}

/**
 * How rows (along H) of an output follow from rows of an operand: row r is made of the rows r·stride − padding +
 * t·dilation, t < kernel, those beyond the border being padding of whatever kind.
 */
export interface RowWindow {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
}

export interface InverseContext<A> {
  readonly attrs: A;
  output(index: number): Value;
  input(index: number): Value;
}

/** How one input follows from the outputs and the other inputs. */
export interface Inverse<A> {
  readonly input: number;
  /** Outputs and other inputs that must be available. */
  readonly fromOutputs: readonly number[];
  readonly fromInputs: readonly number[];
  /** Whether it exists for these attributes (relu has no inverse) and types of the operands. */
  available(attrs: A, operands: readonly (TensorType | null)[]): boolean;
  /** Emits nodes that compute the input; null: only readers that absorb the inversion can use it. */
  readonly rebuild: Rules<A>['rebuild'] | null;
  /** What the inverse means: the input's elements in float64, from what it says that it reads. */
  reference(context: ReferenceContext<A>): Float64Array;
}

/** What a reader makes of one operand v, element by element: φ(fold(v) + addend). */
export interface Epilogue {
  /** Its scale and shift per channel, taken into the weights [O,…] and bias [O] that make v; null: none. */
  readonly fold:
    | ((linear: { weight: Value; bias: Value | null }) => { weight: Value; bias: Value | null })
    | null;
  /** Of v's shape. */
  readonly addend: Value | null;
  readonly activation: ActivationAttributes;
}

export interface FuseContext<A> {
  readonly attrs: A;
  readonly inputs: readonly (Value | null)[];
  input(index: number): Value;
}

/** Some of a value, along its first axis. */
export interface Part {
  readonly begin: number;
  readonly length: number;
}

/** How an update in place takes one operand in parts, a node for each; what it overwrites stays whole. */
export interface PartialUpdate<A> {
  /** The operand of which each node has a part. */
  readonly operand: number;
  /** Attributes of the node whose part begins there. */
  at(attrs: A, begin: number): A;
}

/** How the gradients of large parameters are made and used in parts. */
export interface Parts<A> {
  /** For updates in place that need not have their gradient whole. */
  readonly update: PartialUpdate<A> | null;
  /** Emits what gives a part of the only output; null: it is made as a whole. */
  readonly make: Rules<A>['make'] | null;
}

/** What an op computes element by element. */
export interface Elementwise {
  /** Of its operands. */
  readonly expression: Expression;
  /** The shape of the expression's values where no operand has it. */
  readonly domain: Shape | null;
  /** Whether neighbors become one with it; false: only those that seek it themselves, so that its own kernel stays. */
  readonly seeks: boolean;
  /** Emits the op on another expression of values of shape `domain`; null: the expression's value is the result. */
  readonly reduce: ((expression: Expression, get: (index: number) => Value, domain: Shape) => Value) | null;
}

/** How the op and its neighbors become one node. */
export interface Fusion<A> {
  /** For ops that work element by element; null: all others. */
  readonly elementwise: Rules<A>['elementwise'] | null;
  /** In inference: what the op does to `operand`, for the op that makes it to do it instead; null: more than an epilogue. */
  readonly epilogue: Rules<A>['epilogue'] | null;
  /** Emits the op with its only reader's epilogue, one node with one output; null: it cannot take it over. */
  readonly fuse: Rules<A>['fuse'] | null;
}

/** What running a node does besides writing its outputs. */
export interface Effects {
  /** May end the step: never removed, and updates wait for it. */
  readonly guard: boolean;
  /** All processes of a group run it together, each at the same place among the group's others. */
  readonly collective: boolean;
  /** Its result is waited for: placed as late as its readers allow, after all that could run meanwhile. */
  readonly late: boolean;
}

/** The effects of an op that computes its outputs and does nothing else. */
export const PURE: Effects = { guard: false, collective: false, late: false };

/** Whole numbers that an operand may hold: a class, from 0 on, or the number that stands for none. */
export interface Labels {
  readonly classes: number;
  readonly ignored: number;
}

export interface Cost {
  readonly flops: number;
  /** Bytes that must cross the memory bus at least once. */
  readonly bytes: number;
}

/** Storage order (channels-last for data), float64 whatever the dtype. */
export interface ReferenceTensor extends TensorType {
  readonly data: Float64Array;
}

export interface ReferenceContext<A> {
  readonly attrs: A;
  readonly inputs: readonly (ReferenceTensor | null)[];
  readonly outputs: readonly ReferenceTensor[];
  input(index: number): ReferenceTensor;
  output(index: number): ReferenceTensor;
}

export type HostArray = Float32Array | Int32Array | BigInt64Array | Uint8Array;

/** An operand in JavaScript: its elements in storage order, floats of any width as float32. */
export interface HostOperand {
  readonly shape: Shape;
  readonly data: HostArray;
}

/** Fills the only output, zeros before, from the operands. */
export type HostRule = (inputs: readonly HostOperand[], output: HostOperand) => void;

/** What PyTorch's autograd keeps for its backward: the yardstick of plans. */
export interface PeerKeeps {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Bytes per element of a kept output where PyTorch stores it wider (64-bit pooling indices). */
  readonly bytesPerElement?: number;
  /** The output is a view of the first input and has no buffer. */
  readonly view?: true;
}

/** PyTorch's autograd keeps nothing for the op's backward, or the op has none. */
export const KEEPS_NOTHING: PeerKeeps = { inputs: [], outputs: [] };

/**
 * The rules that an op may have none of. They are written as methods, which TypeScript compares in both directions, so that
 * a definition for attributes of its own is an AnyOp: a node holds an op together with attributes that it was emitted with.
 */
interface Rules<A> {
  gradient(context: GradientContext<A>): readonly (Value | null)[];
  slices(context: InferContext<A>): readonly Slice[];
  rows(context: InferContext<A>): readonly (RowWindow | null)[] | null;
  labels(context: InferContext<A>, operand: number): Labels | null;
  absorb(
    attrs: A,
    operand: number,
    inverted: GraphNode,
  ): { readonly attrs: A; readonly output: number } | null;
  rebuild(context: InverseContext<A>): Value;
  elementwise(context: FuseContext<A>): Elementwise | null;
  epilogue(context: FuseContext<A>, operand: number): Epilogue | null;
  fuse(context: FuseContext<A>, epilogue: Epilogue): Value | null;
  make(context: FuseContext<A>, part: Part): Value | null;
}

export interface OpDefinition<A extends Attributes = Attributes> {
  readonly name: string;
  readonly inputs: readonly Operand[];
  readonly outputs: readonly Operand[];
  /** Output types from operand types; throws ShapeError with what was expected. */
  infer(context: InferContext<A>): readonly TensorType[];
  /**
   * ∂loss/∂input for each operand; null in it where there is none or none is needed. null: no rule. A gradient that must go
   * through the op is then an error, not zero.
   */
  readonly gradient: Rules<A>['gradient'] | null;
  readonly overwrites: readonly Overwrite[];
  readonly inverses: readonly Inverse<A>[];
  /** For readers that invert on the fly: how the op reads `inverted`'s output in place of its input. */
  readonly absorb: Rules<A>['absorb'] | null;
  /** For what joins or cuts channels and does nothing else. */
  readonly slices: Rules<A>['slices'] | null;
  /**
   * For ops on images that can be computed in strips of rows: for each operand the rows that a row of the output is made
   * of; null in it for an operand that is needed whole, such as weights. null: a row may depend on any row.
   */
  readonly rows: Rules<A>['rows'] | null;
  readonly fusion: Fusion<A> | null;
  readonly parts: Parts<A> | null;
  /** Range of an operand of class labels; null for other operands, and where labels outside the classes mean something to the op. */
  readonly labels: Rules<A>['labels'] | null;
  readonly effects: Effects;
  cost(context: InferContext<A>, outputs: readonly TensorType[]): Cost;
  reference(context: ReferenceContext<A>): void;
  readonly peerKeeps: PeerKeeps;
  /** Only of ops that `defineOp` makes: no device has a kernel of theirs, JavaScript computes them. */
  readonly host?: HostRule;
}

/** An op as passes see it: its rules are called with the attributes of its own nodes. */
export type AnyOp = OpDefinition<Attributes>;
