import { PbfWriter } from 'pbf';
import type { Histogram } from './histogram.js';

// Field numbers of tensorboard/compat/proto/{event,summary,histogram}.proto.

/** One `Summary.Value`. */
export type SummaryValue = { tag: string; scalar: number } | { tag: string; histogram: Histogram };

/** One `Event`; exactly one of the optional fields is set. */
export interface Event {
  /** Seconds since 1970. */
  wallTime: number;
  step?: number;
  fileVersion?: string;
  summary?: readonly SummaryValue[];
  /** `SessionLog.START`: TensorBoard drops the events of older files from this step on. */
  sessionStart?: boolean;
}

export function encodeEvent(event: Event): Uint8Array {
  const out = new PbfWriter();
  out.writeDoubleField(1, event.wallTime);
  if (event.step !== undefined) out.writeVarintField(2, event.step);
  if (event.fileVersion !== undefined) out.writeStringField(3, event.fileVersion);
  if (event.summary) out.writeMessage(5, writeSummary, event.summary);
  if (event.sessionStart) out.writeMessage(7, writeSessionStart, undefined);
  return out.finish();
}

function writeSummary(values: readonly SummaryValue[], out: PbfWriter): void {
  for (const value of values) out.writeMessage(1, writeValue, value);
}

function writeValue(value: SummaryValue, out: PbfWriter): void {
  out.writeStringField(1, value.tag);
  if ('scalar' in value) out.writeFloatField(2, value.scalar);
  else out.writeMessage(5, writeHistogram, value.histogram);
}

function writeHistogram(histogram: Histogram, out: PbfWriter): void {
  const { min, max, count, sum, sumSquares } = histogram;
  [min, max, count, sum, sumSquares].forEach((value, i) => {
    out.writeDoubleField(i + 1, value);
  });
  out.writePackedDouble(6, histogram.limits);
  out.writePackedDouble(7, histogram.buckets);
}

/** `SessionLog.status`. */
function writeSessionStart(_: undefined, out: PbfWriter): void {
  out.writeVarintField(1, 1);
}
