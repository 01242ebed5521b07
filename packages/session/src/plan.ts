import {
  byteLength,
  type Device,
  diffPlans,
  formatBytes,
  type Graph,
  joinedLock,
  type MemoryMap,
  ordinaryMapOf,
  type PeerBytes,
  type Plan,
  type PlanDiff,
  type PlanLock,
  type PlannedLayer,
  type PlannedRebuilds,
  type PredictedTime,
  type PriceList,
  peerBytes,
  planLock,
  plannedLayers,
  plannedRebuilds,
  portableCpu,
  predictTime,
  valueInfo,
} from '@inplace-abn/core';
import { copiesPart, exactly, type ResidentMemory, residentMemory, runtimePart } from './resident.js';

/** One buffer of the arena: its bytes, and the instructions between which it is live. */
export interface MappedBuffer {
  /** `activation`, `gradient`, `input`, `constant` or `workspace`. */
  readonly kind: string;
  /** Module path of the node that writes it first; '' for inputs. */
  readonly path: string;
  /** Bytes from the start of the arena. */
  readonly offset: number;
  /** Size; the buffer covers bytes [offset, offset + bytes). */
  readonly bytes: number;
  /** Index of the first instruction that writes it. */
  readonly start: number;
  /** Index of the last instruction that uses it. */
  readonly end: number;
}

/** Bytes of each parameter and buffer. */
function weightsIn(graph: Graph): number[] {
  return graph.states
    .filter(({ kind }) => kind !== 'optimizer')
    .map(({ value }) => byteLength(valueInfo(graph, value)));
}

/** The plan of one step, before anything is allocated. */
export class SessionPlan {
  /** `own`: traced by the caller. */
  readonly kind: 'train' | 'evaluate' | 'predict' | 'features' | 'accumulate' | 'own';
  /** Samples of the step. */
  readonly batch: number;
  /** Kind and samples, as `train, batch 8`. */
  readonly title: string;

  /** For {@link Session.plan} and {@link SessionStep.plan}, which make the plans of a session. */
  constructor(
    { kind, batch, title }: Pick<SessionPlan, 'kind' | 'batch' | 'title'>,
    /** All that the compiler decided. */
    readonly raw: Plan,
    private readonly traced: Graph,
    private readonly device: Device,
    /** Plans the same step for another device. */
    private readonly planFor: (device: Device) => Plan,
    /** The step that sums gradients before it, of a batch in parts. */
    private readonly before: { readonly sum: SessionPlan; readonly times: number } | null = null,
  ) {
    this.kind = kind;
    this.batch = batch;
    this.title = title;
  }

  /** The step of a batch's last part, after `times` steps that only sum gradients. */
  following(sum: SessionPlan, times: number): SessionPlan {
    return new SessionPlan(this, this.raw, this.traced, this.device, this.planFor, { sum, times });
  }

  /** Bytes of arena, weights and optimizer state together: all that the step needs. */
  get bytes(): number {
    return this.arenaBytes + this.raw.bytes.weights + this.raw.bytes.optimizer;
  }

  /** The largest arena of the steps of a batch's parts. */
  private get arenaBytes(): number {
    return Math.max(this.raw.arenaBytes, this.before?.sum.raw.arenaBytes ?? 0);
  }

  /**
   * Memory of a process that runs only this step: runtime, weights, optimizer state, arena, and copies of
   * states for files. Add the arrays that you pass in.
   */
  resident(): ResidentMemory {
    const { raw } = this;
    return residentMemory([
      runtimePart([raw]),
      exactly('weights', raw.bytes.weights),
      exactly('optimizer state', raw.bytes.optimizer),
      exactly('arena', this.arenaBytes),
      copiesPart(weightsIn(raw.graph)),
    ]);
  }

  /**
   * Seconds that the step takes, from measured prices of instructions; `sources` says how much was measured
   * and how much interpolated. For a batch in parts, the time of all parts.
   */
  time(prices: PriceList): PredictedTime {
    const before = Array.from({ length: this.before?.times ?? 0 }, () => this.before?.sum.raw ?? []).flat();
    return predictTime([...before, this.raw], prices);
  }

  /** The forward pass layer by layer: what is written in place, and why the rest is not. */
  get layers(): readonly PlannedLayer[] {
    return plannedLayers(this.raw);
  }

  /** How the backward pass gets the values that it reads: kept, inverted or recomputed. */
  get rebuilt(): PlannedRebuilds {
    return plannedRebuilds(this.raw, this.device.balance);
  }

  /**
   * Bytes of the same step with ordinary batch normalization under PyTorch's rules: a liveness count, not a
   * measurement.
   */
  ordinary(): PeerBytes {
    return peerBytes(this.traced);
  }

  /** The buffers that {@link ordinary} counts, placed in an arena of their own. */
  ordinaryMap(): MemoryMap {
    return ordinaryMapOf(this.traced);
  }

  /** Every buffer of the arena as a rectangle: instructions across, offset up. */
  memoryMap(): MappedBuffer[] {
    return this.raw.buffers.map(({ kind, writer, offset, bytes, start, end }) => {
      return { kind, path: writer?.path ?? '', offset, bytes, start, end };
    });
  }

  /**
   * Bytes, work and every layer's choice, as plain JSON to keep and compare with later plans. It is the same
   * on every machine: kernel workspaces are those that planning without the native addon estimates. For a
   * batch in parts, it covers the steps of all parts.
   */
  lock(): PlanLock {
    const device = portableCpu();
    const plan = this.device === device ? this.raw : this.planFor(device);
    const own = planLock(plan, this.title, device.balance);
    if (!this.before) return own;
    const { sum, times } = this.before;
    const first = { name: `part of ${sum.batch}`, times, lock: sum.lock() };
    return joinedLock(this.title, [first, { name: '', times: 1, lock: own }]);
  }

  /**
   * From an earlier plan, or its lock, to this one: bytes, work, the layers whose choice changed, and the
   * sums that grew.
   */
  diff(earlier: SessionPlan | PlanLock): PlanDiff {
    return diffPlans(earlier instanceof SessionPlan ? earlier.lock() : earlier, this.lock());
  }

  /** A few lines to print: bytes, the peak, and how the backward pass gets its values. */
  summary(): string {
    const { bytes, peak, instructions } = this.raw;
    const at = instructions[peak.instruction]?.node;
    const lines = [
      `${this.title}: ${formatBytes(this.bytes)}`,
      `  weights ${formatBytes(bytes.weights)}, optimizer state ${formatBytes(bytes.optimizer)}, arena ${formatBytes(this.arenaBytes)}`,
      `  peak ${formatBytes(peak.bytes)} at ${at ? `${at.op.name} of ${at.path || '(top)'}` : 'the start'}`,
    ];
    const { estimate } = this.device;
    if (estimate !== undefined) lines.push(`  ${estimate}`);
    return [...lines, ...(this.kind === 'train' ? this.trainingLines() : [])].join('\n');
  }

  private trainingLines(): string[] {
    const { kept, inverted, recomputed, moreWork } = this.rebuilt;
    const activations = this.raw.bytes.activations;
    const ordinary = this.ordinary().activations;
    const again = recomputed > 0 ? ` for ${(100 * moreWork).toFixed(1)} % more work` : '';
    return [
      `  for the backward pass: ${formatBytes(kept)} kept, ${formatBytes(inverted)} inverted, ${formatBytes(recomputed)} recomputed${again}`,
      `  activations ${formatBytes(activations)}; ordinary batch normalization under PyTorch's rules ${formatBytes(ordinary)}`,
    ];
  }
}
