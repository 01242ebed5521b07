/** The memory of a training process in all, as a table. */
import { alignColumns } from '@inplace-abn/cli';
import { formatBytes } from '@inplace-abn/core';
import {
  exactly,
  type ResidentMemory,
  type ResidentPart,
  residentMemory,
  runtimePart,
} from '@inplace-abn/session';
import type { PlannedPrograms } from '../engine/plan-programs.js';

/** All that a process of a planned run holds; `around`: what is not planned. */
export function residentOf(
  { parts, session, training, neededBytes }: PlannedPrograms,
  around: readonly ResidentPart[],
): ResidentMemory {
  const { gradients, optimizer } = training.plan.raw.bytes;
  const { stateBytes } = session;
  return residentMemory([
    runtimePart(
      parts.map(({ plan }) => plan.raw),
      true,
    ),
    exactly('weights', stateBytes - optimizer),
    exactly('optimizer state', optimizer),
    exactly(`arena (at its peak gradients take ${formatBytes(gradients)})`, neededBytes - stateBytes),
    ...around,
  ]);
}

/** The table, with the sum of the processes of a machine. */
export function formatResident({ parts, bytes, most }: ResidentMemory, processes = 1): string {
  const rows = parts.map((part) => [part.name, formatBytes(part.bytes), formatBytes(part.most)]);
  const sums = [['in all', formatBytes(bytes), formatBytes(most)]];
  if (processes > 1)
    sums.push([`${processes} processes`, formatBytes(processes * bytes), formatBytes(processes * most)]);
  const head = [processes > 1 ? 'memory of each process' : 'memory of the process', 'expected', 'at most'];
  const table = alignColumns([head, ...rows, ...sums], (column) => column > 0);
  return table.map((row) => row.join('  ').trimEnd()).join('\n');
}
