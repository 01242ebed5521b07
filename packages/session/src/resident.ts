/** The memory of a process in all: planned bytes, and those around them. */
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
 * Node with this library: code, JavaScript heap, stacks, the addon and its libraries; by the benchmark
 * `memory`, like the others.
 */
const RUNTIME_BYTES = 108 * 2 ** 20;
/**
 * Of an instruction: its kernel's code and constants, and the graph's and the plan's objects, with those that
 * V8 has not collected yet.
 */
const INSTRUCTION_BYTES = 32 * 2 ** 10;
/** Times the expected bytes: V8 decides how far its heap grows, and other versions of Node are larger. */
const RUNTIME_BOUND = 1.75;

/** Part whose size is known exactly. */
export function exactly(name: string, bytes: number): ResidentPart {
  return { name, bytes, most: bytes };
}

/** The runtime of a process that has made these plans. */
export function runtimePart(plans: readonly Plan[]): ResidentPart {
  const instructions = plans.reduce((sum, plan) => sum + plan.instructions.length, 0);
  const bytes = RUNTIME_BYTES + INSTRUCTION_BYTES * instructions;
  return { name: 'runtime and libraries', bytes, most: RUNTIME_BOUND * bytes };
}

/**
 * Copies of states on the host. Initial weights are drawn one after the other in the memory of the largest,
 * and checkpoints are written through one piece; those that are read leave pieces until V8 collects them.
 *
 * @param states bytes of each parameter and buffer
 */
export function copiesPart(states: readonly number[]): ResidentPart {
  const bytes = Math.max(0, ...states);
  return {
    name: 'initial weights, checkpoints',
    bytes,
    most: 2 * states.reduce((sum, state) => sum + state, 0),
  };
}

/** Sums of parts. */
export function residentMemory(parts: readonly ResidentPart[]): ResidentMemory {
  const sum = (of: (part: ResidentPart) => number) => parts.reduce((total, part) => total + of(part), 0);
  return { parts, bytes: sum(({ bytes }) => bytes), most: sum(({ most }) => most) };
}
