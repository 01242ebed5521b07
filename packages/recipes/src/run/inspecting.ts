/** Looks into a step of a replayed run: the values of a layer, and the first that is not finite. */
import { writeSafetensors } from '@inplace-abn/checkpoint';
import { type HostTensor, hasNonFinite, NotFiniteError, UsageError } from '@inplace-abn/core';
import { holds } from '@inplace-abn/tensor';
import type { InspectedInstruction } from '../engine/inspected.js';
import type { Replay } from './replay.js';

/**
 * Replays the steps before `step`, then writes all that the instructions at the module path `layer` compute
 * in it to the file `out`: tensors named `INSTRUCTION.PHASE.OP.OUTPUT`, after `partN.` for later parts of a
 * batch; activations with channels last. Returns the number of tensors.
 *
 * @throws UsageError, code ERR_NO_MATCH, if no instruction is at that path; CheckpointError if `out` cannot
 * be written; and as {@link Replay.next} does
 */
export async function dumpLayer(replay: Replay, step: number, layer: string, out: string): Promise<number> {
  await replay.advance(step - 1);
  const tensors = new Map<string, HostTensor>();
  const paths = new Set<string>();
  await replay.inspect((made) => {
    paths.add(made.path);
    if (made.path !== layer) return;
    for (const [name, tensor] of tensorsOf(made)) tensors.set(name, tensor);
  });
  if (tensors.size === 0) throw noLayer(layer, [...paths]);
  await writeSafetensors(out, tensors);
  return tensors.size;
}

function noLayer(layer: string, paths: readonly string[]): UsageError {
  const [first = ''] = layer.split('.');
  const near = paths.filter((path) => path.split('.')[0] === first);
  const shown = (near.length > 0 ? near : paths).slice(0, 8).join(', ');
  return new UsageError(`no instruction is at ${layer}; there are some at ${shown}`, {
    code: 'ERR_NO_MATCH',
  });
}

function tensorsOf({ part, instruction, op, phase, values }: InspectedInstruction): [string, HostTensor][] {
  return values.map(({ shape, dtype, data, kind }, index) => {
    const [n = 1, c = 1, ...space] = shape;
    const stored = kind === 'activation' && shape.length > 2 ? [n, ...space, c] : shape;
    const name = [...(part > 0 ? [`part${part}`] : []), instruction, phase, op, index].join('.');
    if (holds(data, dtype)) return [name, { shape: stored, dtype, data }];
    throw new RangeError(`${name} is not ${dtype}`);
  });
}

/** An instruction that made a value that is not finite. */
export interface NonFinite {
  /** Number of the step, from 1. */
  readonly step: number;
  /** The instruction, with its values. */
  readonly at: InspectedInstruction;
}

/**
 * Continues a replay until a step is stopped, `last` steps are done, or the run has no more. Returns the
 * first instruction of the stopped step that wrote a value that is not finite; null if no step was stopped.
 *
 * @throws UsageError, code ERR_NOT_THE_RUN, if a loss differs from the recorded one
 */
export async function findNonFinite(replay: Replay, last: number): Promise<NonFinite | null> {
  try {
    await replay.advance(last);
    return null;
  } catch (error) {
    if (error instanceof UsageError && error.code === 'ERR_NO_STEP') return null;
    if (!(error instanceof NotFiniteError)) throw error;
  }
  const found: InspectedInstruction[] = [];
  try {
    await replay.inspect((made) => {
      if (found.length === 0 && made.values.some(({ data, dtype }) => hasNonFinite(data, dtype)))
        found.push(made);
    });
  } catch (error) {
    if (!(error instanceof NotFiniteError)) throw error;
  }
  const [at] = found;
  return at ? { step: replay.step + 1, at } : null;
}
