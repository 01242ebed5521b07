/** The decisions of the compiler, as a small file to compare later plans with. */
import { byteLength } from '@inplace-abn/tensor';
import { isObject, UsageError } from '../../errors.js';
import { type GraphNode, producersOf, type ValueId, valueInfo } from '../../ir/graph.js';
import type { RebuildDecision } from '../../passes/rebuild.js';
import { workOf } from '../../recompute/work.js';
import type { PlanBytes } from '../draft.js';
import type { Plan } from '../plan.js';
import { plannedRebuilds } from './rebuilds.js';

/** The decisions about the output of a layer. */
export interface LayerChoice {
  /** Bytes of the layer's output. */
  readonly bytes: number;
  /** How the backward pass gets it; null if it does not read it. */
  readonly backward: RebuildDecision['choice'] | null;
  /** `in place`, or why it does not overwrite an operand; null if its op never does. */
  readonly written: string | null;
}

/** A plan's bytes, its work and the choice for every layer. Plain JSON. */
export interface PlanLock {
  /** Changes when locks of another version can no longer be compared. */
  readonly format: 'inplace-abn plan lock 1';
  /** The step that was planned, such as `train, batch 8`. */
  readonly title: string;
  /** Bytes by kind at the peak. */
  readonly bytes: PlanBytes;
  /** Arena, weights and optimizer state. */
  readonly totalBytes: number;
  /** Size of the arena. */
  readonly arenaBytes: number;
  /** Largest sum of live bytes. */
  readonly peak: number;
  /** Module path and op of the instruction at the peak. */
  readonly peakAt: string;
  /** Sum of the sizes of all buffers. */
  readonly bufferBytes: number;
  /** Bytes that are kept for the backward pass. */
  readonly keptBytes: number;
  /** Sum of {@link workOf} over the step's nodes, in bytes moved. */
  readonly work: number;
  /** Work of recompute as a fraction of the rest of the step. */
  readonly moreWork: number;
  /** By module path and op, with `#2`, `#3`, … for repeated names. */
  readonly layers: Readonly<Record<string, LayerChoice>>;
}

const IN_PLACE = 'in place';
const FORMAT = 'inplace-abn plan lock 1';

/**
 * The lock of a plan. Compare it with plans for the same device: kernels of other machines have other
 * workspaces, those of `portableCpu` are the same everywhere.
 *
 * @param balance of the device that the plan is for
 */
export function planLock(plan: Plan, title: string, balance: number): PlanLock {
  const { graph, bytes, arenaBytes, peak, buffers, instructions } = plan;
  const { kept, moreWork } = plannedRebuilds(plan, balance);
  const at = instructions[peak.instruction]?.node;
  return {
    format: FORMAT,
    title,
    bytes,
    totalBytes: arenaBytes + bytes.weights + bytes.optimizer,
    arenaBytes,
    peak: peak.bytes,
    peakAt: at ? labelOf(at) : '',
    bufferBytes: buffers.reduce((sum, buffer) => sum + buffer.bytes, 0),
    keptBytes: kept,
    work: Math.round(graph.nodes.reduce((sum, node) => sum + workOf(graph, node, balance), 0)),
    moreWork,
    layers: choicesOf(plan),
  };
}

/** By value, since a value's decision and the way it is written come from different passes. */
function choicesOf(plan: Plan): Record<string, LayerChoice> {
  const producers = producersOf(plan.graph.nodes);
  const backward = new Map(plan.rebuilds.map((decision) => [decision.value, decision]));
  const written = writtenOf(plan);
  const found = [...new Set([...written.keys(), ...backward.keys()])].sort((a, b) => a - b);
  const seen = new Map<string, number>();
  const entryOf = (value: ValueId): [string, LayerChoice] => {
    const decision = backward.get(value);
    const node = producers.get(value) ?? decision?.producer ?? null;
    const label = node ? labelOf(node) : 'input';
    const count = (seen.get(label) ?? 0) + 1;
    seen.set(label, count);
    const choice: LayerChoice = {
      bytes: decision?.bytes ?? byteLength(valueInfo(plan.graph, value)),
      backward: decision?.choice ?? null,
      written: written.get(value) ?? null,
    };
    return [count > 1 ? `${label} #${count}` : label, choice];
  };
  return Object.fromEntries(found.map(entryOf));
}

/** If an op could overwrite any of several inputs, one that it does overwrite counts. */
function writtenOf({ aliases }: Plan): Map<ValueId, string> {
  const written = new Map<ValueId, string>();
  for (const { node, output, veto } of aliases) {
    if (node.phase !== 'forward' || written.get(output) === IN_PLACE) continue;
    written.set(output, veto ?? IN_PLACE);
  }
  return written;
}

function labelOf({ path, op }: GraphNode): string {
  return path ? `${path} ${op.name}` : op.name;
}

/** A lock as JSON with one line per layer, so that a diff has one line for each layer that changed. */
export function planLockText({ layers, ...totals }: PlanLock): string {
  const head = JSON.stringify(totals, null, 2).slice(0, -2);
  const lines = Object.entries(layers).map(([label, { bytes, backward, written }]) => {
    return `    ${JSON.stringify(label)}: ${JSON.stringify({ bytes, backward, written })}`;
  });
  return `${head},\n  "layers": {\n${lines.join(',\n')}\n  }\n}\n`;
}

/**
 * Reads what {@link planLockText} wrote.
 *
 * @param name of the file, for the error
 * @throws UsageError, code ERR_PLAN_LOCK, if the text is not a lock of this version
 */
export function planLockIn(text: string, name: string): PlanLock {
  try {
    const found: unknown = JSON.parse(text);
    if (isLock(found)) return found;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new UsageError(`${name} is not a plan lock of this version: write it again`, {
    code: 'ERR_PLAN_LOCK',
  });
}

const NUMBERS = ['totalBytes', 'arenaBytes', 'peak', 'bufferBytes', 'keptBytes', 'work', 'moreWork'] as const;

function isLock(found: unknown): found is PlanLock {
  if (!isObject(found)) return false;
  const lock: Partial<PlanLock> = found;
  const { format, layers, bytes } = lock;
  return (
    format === FORMAT &&
    isObject(layers) &&
    isObject(bytes) &&
    NUMBERS.every((key) => Number.isFinite(lock[key]))
  );
}
