/**
 * The autotuned kernels that a program was compiled with. Each kernel sums in its own order, so a resumed run
 * is bit-identical only with the same kernels. They are recorded and requested by name.
 */
import { formatType } from '@inplace-abn/tensor';
import { UsageError } from '../errors.js';
import { type Device, type KernelSpec, type OperandSpec, type PreparedKernel, UNTIMED } from './device.js';

/** Kernel names, keyed by op, types and attributes. Plain JSON. */
export type KernelNames = Readonly<Record<string, string>>;

/** A requested kernel that is not available here. */
export interface UnmetChoice {
  /** Op, types and attributes. */
  readonly key: string;
  /** Name of the requested kernel. */
  readonly asked: string;
  /** Why it is not available, as a clause for the user. */
  readonly reason: string;
}

/** Names of autotuned kernels, so that a resumed run uses the same ones. */
export class KernelChoices {
  private readonly asked: ReadonlyMap<string, string>;
  private readonly names = new Map<string, string>();
  private readonly missed = new Map<string, UnmetChoice>();

  /** `asked`: used without autotuning, if available. */
  constructor(asked: KernelNames = {}) {
    this.asked = new Map(Object.entries(asked));
  }

  /**
   * Prepares a kernel: the one recorded for its specification, or the one that autotuning selects.
   *
   * @throws UsageError, code ERR_TIMED_KERNELS, if the specification asks for an untimed choice and the
   *   device offers none
   */
  prepare(device: Device, spec: KernelSpec): PreparedKernel {
    const key = specKey(spec);
    const asked = this.asked.get(key);
    const kernel = asked === undefined ? null : device.prepare({ ...spec, choice: asked });
    if (asked !== undefined && kernel && kernel.choice?.name !== asked) {
      const reason = kernel.choice?.refusal || 'there are no alternatives here';
      this.missed.set(key, { key, asked, reason });
    }
    // If the recorded kernel is not available, the device has autotuned others instead.
    const met = kernel && (spec.choice !== UNTIMED || kernel.choice?.name === asked);
    const made = met ? kernel : this.free(device, spec);
    if (made.choice) this.names.set(key, made.choice.name);
    return made;
  }

  /** A kernel for a specification whose recorded kernel is missing or unavailable. */
  private free(device: Device, spec: KernelSpec): PreparedKernel {
    const kernel = device.prepare(spec);
    if (spec.choice !== UNTIMED || !kernel.choice?.refusal) return kernel;
    throw new UsageError(
      `${device.name} chooses kernels by timing alone, so their sums differ between runs: ${kernel.choice.refusal}`,
      { code: 'ERR_TIMED_KERNELS' },
    );
  }

  /** The kernels chosen so far. */
  get made(): KernelNames {
    return Object.fromEntries(this.names);
  }

  /** Recorded kernels that this machine does not have, and the reasons. */
  get unmet(): readonly UnmetChoice[] {
    return [...this.missed.values()];
  }
}

/**
 * Identifies a specification by op, operand types and attributes, such as
 * `conv2d float32[2,8,4,4] float32[8,8,1,1] - → float32[2,8,4,4] {"stride":[1,1],…}`.
 */
export function specKey({ op, attrs, inputs, outputs, constants = [] }: KernelSpec): string {
  const kept = constants.length > 0 ? ` constant ${constants}` : '';
  return `${op} ${inputs.map(typeOf).join(' ')} → ${outputs.map(typeOf).join(' ')} ${JSON.stringify(attrs)}${kept}`;
}

function typeOf(operand: OperandSpec | null): string {
  if (!operand) return '-';
  return operand.pitch === undefined ? formatType(operand) : `${formatType(operand)}/${operand.pitch}`;
}
