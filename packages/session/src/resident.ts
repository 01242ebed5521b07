/** The memory of a process in all: planned bytes, and those around them. */
import type { Plan } from '@inplace-abn/core';

/** A part of a process's memory. */
export interface ResidentPart {
  readonly name: string;
  /** Bytes that are expected. */
  readonly bytes: number;
  /** Bytes that it cannot exceed. */
  readonly most: number;
}

/** Memory of one process. */
export interface ResidentMemory {
  readonly parts: readonly ResidentPart[];
  /** Expected in all at the peak. */
  readonly bytes: number;
  readonly most: number;
}

/** Node with this library: code, JavaScript heap, stacks, the addon and its libraries; by the benchmark `memory`, like the others. */
const RUNTIME_BYTES = 145 * 2 ** 20;
/** Of an instruction: its kernel's code and constants, and the graph's and the plan's objects. */
const INSTRUCTION_BYTES = 9 * 2 ** 10;
/** Copies that V8 has not collected yet where memory is at its peak: a part of the weights, up to a limit. */
const UNCOLLECTED = { share: 1 / 8, bytes: 16 * 2 ** 20 };

/** Part whose size is known exactly. */
export function exactly(name: string, bytes: number): ResidentPart {
  return { name, bytes, most: bytes };
}

/** The runtime of a process that has made these plans; half as much again is its bound. */
export function runtimePart(plans: readonly Plan[]): ResidentPart {
  const instructions = plans.reduce((sum, plan) => sum + plan.instructions.length, 0);
  const bytes = RUNTIME_BYTES + INSTRUCTION_BYTES * instructions;
  return { name: 'runtime and libraries', bytes, most: 1.5 * bytes };
}

/**
 * Copies of states on the host: initial weights and pieces of checkpoints, until V8 collects them.
 *
 * @param weights bytes of parameters and buffers
 */
export function copiesPart(weights: number): ResidentPart {
  const bytes = Math.min(UNCOLLECTED.share * weights, UNCOLLECTED.bytes);
  return { name: 'initial weights, checkpoints', bytes, most: 2 * weights };
}

/** Sums of parts. */
export function residentMemory(parts: readonly ResidentPart[]): ResidentMemory {
  const sum = (of: (part: ResidentPart) => number) => parts.reduce((total, part) => total + of(part), 0);
  return { parts, bytes: sum(({ bytes }) => bytes), most: sum(({ most }) => most) };
}
