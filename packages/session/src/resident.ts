/** The memory of a process in all: planned bytes, and those around them. */
import { PIECE_BYTES } from '@inplace-abn/checkpoint';
import type { Plan } from '@inplace-abn/core';

/** A part of a process's memory. */
export interface ResidentPart {
  /** In words, such as `runtime and libraries`. */
  readonly name: string;
  /** Bytes that are expected. */
  readonly bytes: number;
  /** Bytes that it cannot exceed. */
  readonly most: number;
}

/** Memory of one process. */
export interface ResidentMemory {
  /** Its parts, in the order in which they were given. */
  readonly parts: readonly ResidentPart[];
  /** Bytes that are expected at the peak. */
  readonly bytes: number;
  /** Bytes that it cannot exceed. */
  readonly most: number;
}

/**
 * Node with this library, on glibc: its code 45 MiB, the addon and other libraries 15, V8's heap 16, memory
 * of the allocator and its threads 6; by the benchmark `process-memory`, like the others.
 */
const RUNTIME_BYTES = 82 * 2 ** 20;
/** Bytes per instruction: its objects in the graph and the plan. */
const INSTRUCTION_BYTES = 9 * 2 ** 10;
/**
 * Bytes per convolution kernel, which layers of the same shape share: oneDNN's generated code, and the
 * bookkeeping of oneDNN and the allocator. DenseNet, whose layers all differ, has six times as many as
 * ResNet-18.
 */
const CONVOLUTION_BYTES = 172 * 2 ** 10;
/** Both halves of V8's young generation, to which planning grows it, unless the heap is collected. */
const YOUNG_BYTES = 30 * 2 ** 20;
/**
 * Bound as a multiple of the expected bytes: V8 decides how far its heap grows, and other versions of Node
 * are larger.
 */
const RUNTIME_BOUND = 2;

/** Part whose size is known exactly. */
export function exactly(name: string, bytes: number): ResidentPart {
  return { name, bytes, most: bytes };
}

/**
 * The runtime of a process that has made these plans.
 *
 * @param collected whether the heap is collected before memory is taken
 */
export function runtimePart(plans: readonly Plan[], collected = false): ResidentPart {
  const instructions = plans.flatMap((plan) => plan.instructions);
  const convolutions = instructions.filter(({ node }) => node.op.family === 'convolution');
  const kernels = new Set(convolutions.map(({ kernel }) => kernel));
  const bytes =
    RUNTIME_BYTES +
    INSTRUCTION_BYTES * instructions.length +
    CONVOLUTION_BYTES * kernels.size +
    (collected ? 0 : YOUNG_BYTES);
  return { name: 'runtime and libraries', bytes, most: RUNTIME_BOUND * bytes };
}

/**
 * Copies of states on the host. Initial weights are drawn one after the other in the memory of the largest,
 * which V8 keeps, and all checkpoints are written through one piece; those that are read leave pieces until
 * V8 collects them.
 *
 * @param states bytes of each parameter and buffer
 */
export function copiesPart(states: readonly number[]): ResidentPart {
  const largest = Math.max(0, ...states);
  return {
    name: 'initial weights, checkpoints',
    bytes: largest + Math.min(largest, PIECE_BYTES),
    most: PIECE_BYTES + 2 * states.reduce((sum, state) => sum + state, 0),
  };
}

/** Sums of parts. */
export function residentMemory(parts: readonly ResidentPart[]): ResidentMemory {
  const sum = (of: (part: ResidentPart) => number) => parts.reduce((total, part) => total + of(part), 0);
  return { parts, bytes: sum(({ bytes }) => bytes), most: sum(({ most }) => most) };
}
