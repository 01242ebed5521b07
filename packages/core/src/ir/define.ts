/**
 * The definition of an op. Every rule must be stated explicitly, with null for none: an incomplete definition
 * does not compile, and no pass refers to an op by name. (Keeping forward and backward together follows
 * candle's op trait.)
 */
import type { DType, Shape, TensorType } from '@inplace-abn/tensor';
import type { ActivationAttributes } from './activations.js';
import type { Expression } from './expression.js';
import type { GraphNode } from './graph.js';
import type { Value } from './value.js';

export type Attribute = number | string | boolean | readonly number[];
/** Constants of a node by name, such as a stride. */
export type Attributes = { readonly [key: string]: Attribute };
export type NoAttributes = Readonly<Record<string, never>>;

/**
 * `data`: float32 or the compute dtype, channels-last; all data operands of a node share one dtype. `any`:
 * the op checks the dtype itself, and no pass changes it. `labels`: class ids, int32 or uint8.
 */
export type OperandKind = 'data' | 'any' | 'labels' | DType;

export interface Operand {
  readonly name: string;
  readonly kind: OperandKind;
  readonly optional?: true;
  /** Last operand only: it repeats one or more times. */
  readonly variadic?: true;
  /**
   * Kernels accept the operand as a strided view of a wider value, with a row pitch larger than its number of
   * channels.
   */
  readonly pitched?: true;
  /**
   * Index of the operand that decides which elements of this one count: where it is zero, any finite element
   * here gives the same result. null, or no rule: every element counts.
   */
  readonly countsWith?: (attrs: Attributes) => number | null;
  /**
   * Slice i along the first axis affects only channel i of the output, and linearly: scaling slice i of every
   * operand with this rule scales channel i.
   */
  readonly makesChannels?: true;
}

export interface InferContext<A> {
  readonly inputs: readonly (TensorType | null)[];
  readonly attrs: A;
  /** Type of operand `index`. Throws if it is absent. */
  input(index: number): TensorType;
}

export interface GradientContext<A> {
  readonly attrs: A;
  /** Operand `index`. Throws if it is absent. */
  input(index: number): Value;
  readonly inputs: readonly (Value | null)[];
  output(index: number): Value;
  /** ∂loss/∂output. Throws if the loss does not depend on that output (null in `diffs`). */
  diff(index: number): Value;
  readonly diffs: readonly (Value | null)[];
  /** True if ∂loss/∂input is requested. */
  needs(index: number): boolean;
}

export interface Overwrite {
  /** Index of the output. */
  readonly output: number;
  /** Index of the input that the output may overwrite. */
  readonly input: number;
  /** The output is the new content of a state and must be written in place. */
  readonly required?: true;
}

/**
 * An input that is a range of an output's channels, or the reverse. The node is a no-op if the two share
 * memory.
 */
export interface Slice {
  readonly input: number;
  readonly output: number;
  /** Index of the first channel. */
  readonly begin: number;
  readonly whole: 'input' | 'output';
  /** The whole is a flat vector, and the slice is its dense elements starting at `begin`. */
  readonly flat?: true;
}

/**
 * The rows (along H) of an operand that output row r reads: r·stride − padding + t·dilation for 0 ≤ t <
 * kernel. Rows outside the operand are padding of any kind.
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

/** Recovers one input from the outputs and the other inputs. */
export interface Inverse<A> {
  readonly input: number;
  /** Indices of the outputs it reads. */
  readonly fromOutputs: readonly number[];
  readonly fromInputs: readonly number[];
  /** True if the inverse exists for these attributes and operand types. */
  available(attrs: A, operands: readonly (TensorType | null)[]): boolean;
  /** True if it recovers only the elements where output 0 is not zero: relu loses the others. */
  partial(attrs: A): boolean;
  /** Emits nodes that compute the input. null: only readers that absorb the inversion can use it. */
  readonly rebuild: Rules<A>['rebuild'] | null;
  /** Reference implementation: the input's elements in float64, reading only the operands declared above. */
  reference(context: ReferenceContext<A>): Float64Array;
}

/** The elementwise computation that a reader applies to operand v: φ(fold(v) + addend). */
export interface Epilogue {
  /**
   * Per-channel scale and shift, to be folded into the weights [O,…] and bias [O] that produce v; null if
   * there are none.
   */
  readonly fold:
    | ((linear: { weight: Value; bias: Value | null }) => { weight: Value; bias: Value | null })
    | null;
  /** Same shape as v. */
  readonly addend: Value | null;
  readonly activation: ActivationAttributes;
}

export interface FuseContext<A> {
  readonly attrs: A;
  readonly inputs: readonly (Value | null)[];
  input(index: number): Value;
}

/** A range of a value along its first axis. */
export interface Part {
  readonly begin: number;
  readonly length: number;
}

/** Splits an in-place update into one node per part of one operand. The overwritten state stays whole. */
export interface PartialUpdate<A> {
  /** Index of the operand that is split. */
  readonly operand: number;
  /** Attributes of the node whose part starts at `begin`. */
  at(attrs: A, begin: number): A;
}

/** How the gradients of large parameters are produced and consumed in parts. */
export interface Parts<A> {
  /** For in-place updates that can consume their gradient in parts. */
  readonly update: PartialUpdate<A> | null;
  /** Emits one part of the only output. null: the output can only be produced whole. */
  readonly make: Rules<A>['make'] | null;
}

/** The elementwise form of an op. */
export interface Elementwise {
  /** Expression of the op's operands. */
  readonly expression: Expression;
  /** Shape of the expression's values, if no operand has that shape. */
  readonly domain: Shape | null;
  /**
   * True if the op looks for neighbors to fuse with. False: it fuses only with a neighbor that does, and
   * otherwise keeps its dedicated kernel.
   */
  readonly seeks: boolean;
  /**
   * Emits the op's reduction over another expression with values of shape `domain`. null: the op has no
   * reduction.
   */
  readonly reduce: ((expression: Expression, get: (index: number) => Value, domain: Shape) => Value) | null;
}

/** How the op fuses with its neighbors. */
export interface Fusion<A> {
  /** For elementwise ops; null for all others. */
  readonly elementwise: Rules<A>['elementwise'] | null;
  /**
   * Inference only: the epilogue that the op applies to `operand`, to be fused into the operand's producer.
   * null: the op does more than an epilogue can.
   */
  readonly epilogue: Rules<A>['epilogue'] | null;
  /**
   * Emits the op fused with its only reader's epilogue, as one node with one output. null: the op cannot fuse
   * it.
   */
  readonly fuse: Rules<A>['fuse'] | null;
}

/** A process that holds several members of a group: see {@link joinShards}. */
export interface Holding {
  /** Name of the group of processes. */
  readonly name: string;
  /** Number of processes, which all hold the same number of members. */
  readonly size: number;
}

/** A group's exchange of values. */
export interface Collective {
  /**
   * Emits the exchange for a process that holds several members. `own` has their operands, in rank order. All
   * members get the same result, whose bits do not depend on the number of members per process.
   */
  together(own: readonly Value[], attrs: Attributes, holding: Holding): Value;
}

/** Side effects of running a node. */
export interface Effects {
  /** May stop the step. Never pruned, and updates wait for it. */
  readonly guard: boolean;
  /**
   * Every process of the group runs it, in the same order relative to the group's other collectives. null:
   * the op exchanges nothing.
   */
  readonly collective: Collective | null;
  /**
   * Waits for an asynchronous result. Scheduled as late as its readers allow, so that other work can overlap.
   */
  readonly late: boolean;
}

/** Effects of a pure op. */
export const PURE: Effects = { guard: false, collective: null, late: false };

/** Labels that an operand may hold: 0 to `classes` − 1, and `ignored`. */
export interface Labels {
  readonly classes: number;
  readonly ignored: number;
}

export interface Cost {
  readonly flops: number;
  /** Minimum memory traffic in bytes. */
  readonly bytes: number;
}

/**
 * Groups of ops whose kernels need similar memory beyond their operands. `convolution`: generated code and a
 * copy of the weights. `linear`: blocks of a matrix. `statistics`: partial sums per channel. `normalization`:
 * a scale and a shift per channel.
 */
export type KernelFamily = 'convolution' | 'linear' | 'statistics' | 'normalization';

/** Elements in storage order (channels-last for data), in float64 for every dtype. */
export interface ReferenceTensor extends TensorType {
  /** One number per element. */
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

/** An operand in JavaScript: its elements in storage order, with every float dtype widened to float32. */
export interface HostOperand {
  readonly shape: Shape;
  readonly data: HostArray;
}

/** Fills the only output, which starts as zeros, from the operands. */
export type HostRule = (inputs: readonly HostOperand[], output: HostOperand) => void;

/** Tensors that PyTorch's autograd saves for backward: the baseline that plans are compared with. */
export interface PeerKeeps {
  /** Indices of the saved inputs. */
  readonly inputs: readonly number[];
  /** Indices of the saved outputs. */
  readonly outputs: readonly number[];
  /** Bytes per element of a saved output if PyTorch stores it wider (64-bit pooling indices). */
  readonly bytesPerElement?: number;
  /** The output is a view of the first input and has no buffer. */
  readonly view?: true;
}

/** PyTorch's autograd saves nothing for the op's backward, or the op has no backward. */
export const KEEPS_NOTHING: PeerKeeps = { inputs: [], outputs: [] };

/**
 * Rules that may be null. Declared as methods so that TypeScript checks parameters bivariantly: an op
 * definition with its own attribute type is then an AnyOp. A node always pairs an op with the attributes it
 * was emitted with.
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
  ): {
    /** Attributes of the node that reads the output instead. */
    readonly attrs: A;
    /** Index of the output of `inverted` that it reads. */
    readonly output: number;
  } | null;
  peerKeeps(attrs: A): PeerKeeps;
  rebuild(context: InverseContext<A>): Value;
  elementwise(context: FuseContext<A>): Elementwise | null;
  epilogue(context: FuseContext<A>, operand: number): Epilogue | null;
  fuse(context: FuseContext<A>, epilogue: Epilogue): Value | null;
  make(context: FuseContext<A>, part: Part): Value | null;
}

/** Every rule of an op; passes ask the rules and never an op's name. */
export interface OpDefinition<A extends Attributes = Attributes> {
  /** Unique among ops; kernels are registered under it. */
  readonly name: string;
  /** Operands in order: names and kinds. */
  readonly inputs: readonly Operand[];
  /** Results in order. */
  readonly outputs: readonly Operand[];
  /**
   * Output types from operand types.
   *
   * @throws ShapeError with the expected type
   */
  infer(context: InferContext<A>): readonly TensorType[];
  /**
   * Emits ∂loss/∂input for each operand; null for an operand that has no gradient or needs none. If the rule
   * itself is null, a gradient that must flow through the op is an error, not zero.
   */
  readonly gradient: Rules<A>['gradient'] | null;
  /** Inputs that an output may overwrite; [] for none. */
  readonly overwrites: readonly Overwrite[];
  /** Inputs that can be computed from the outputs; [] for none. */
  readonly inverses: readonly Inverse<A>[];
  /** For readers that invert on the fly: reads `inverted`'s output instead of its input. */
  readonly absorb: Rules<A>['absorb'] | null;
  /** For ops that only join or cut channels. */
  readonly slices: Rules<A>['slices'] | null;
  /**
   * For image ops that can run in strips of rows: the rows of each operand that an output row depends on. An
   * operand's entry is null if it is needed whole, such as weights. If the rule or its result is null, a row
   * may depend on any row.
   */
  readonly rows: Rules<A>['rows'] | null;
  /** For ops that can run in one kernel with elementwise neighbors. */
  readonly fusion: Fusion<A> | null;
  /** For weight gradients that can be computed a few outputs at a time. */
  readonly parts: Parts<A> | null;
  /**
   * Valid range of a class label operand; null for other operands, and if the op gives labels outside the
   * classes a meaning.
   */
  readonly labels: Rules<A>['labels'] | null;
  /** Side effects; PURE for none. */
  readonly effects: Effects;
  /** Floating-point operations, and bytes read and written, of one node. */
  cost(context: InferContext<A>, outputs: readonly TensorType[]): Cost;
  /** Selects the estimate of its kernels' workspace; left out if they need none. */
  readonly family?: KernelFamily;
  /** Computes the outputs in float64. This is the meaning of the op, which kernels are tested against. */
  reference(context: ReferenceContext<A>): void;
  /** Operands and results that PyTorch keeps for the backward pass of the same op. */
  readonly peerKeeps: PeerKeeps | Rules<A>['peerKeeps'];
  /** Set only by `defineOp`: JavaScript computes the op, since no device has a kernel for it. */
  readonly host?: HostRule;
}

/** An op as passes see it. Its rules must be called with attributes of its own nodes. */
export type AnyOp = OpDefinition<Attributes>;
