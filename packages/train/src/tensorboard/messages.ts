import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
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
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Bit64).double(event.wallTime);
  if (event.step !== undefined) writer.tag(2, WireType.Varint).int64(event.step);
  if (event.fileVersion !== undefined) writer.tag(3, WireType.LengthDelimited).string(event.fileVersion);
  if (event.summary) {
    writer.tag(5, WireType.LengthDelimited).fork();
    for (const value of event.summary) writeValue(writer, value);
    writer.join();
  }
  if (event.sessionStart) {
    writer.tag(7, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(1).join();
  }
  return writer.finish();
}

function writeValue(writer: BinaryWriter, value: SummaryValue): void {
  writer.tag(1, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).string(value.tag);
  if ('scalar' in value) {
    writer.tag(2, WireType.Bit32).float(value.scalar);
  } else {
    writer.tag(5, WireType.LengthDelimited).fork();
    writeHistogram(writer, value.histogram);
    writer.join();
  }
  writer.join();
}

function writeHistogram(writer: BinaryWriter, histogram: Histogram): void {
  const { min, max, count, sum, sumSquares } = histogram;
  [min, max, count, sum, sumSquares].forEach((value, i) => {
    writer.tag(i + 1, WireType.Bit64).double(value);
  });
  writePacked(writer, 6, histogram.limits);
  writePacked(writer, 7, histogram.buckets);
}

function writePacked(writer: BinaryWriter, field: number, values: readonly number[]): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  for (const value of values) writer.double(value);
  writer.join();
}
