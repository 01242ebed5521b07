import protobuf from 'protobufjs/minimal.js';
import type { Histogram } from './histogram.js';

// Field numbers of tensorboard/compat/proto/{event,summary,histogram}.proto.

const VARINT = 0;
const BIT64 = 1;
const LENGTH_DELIMITED = 2;
const BIT32 = 5;

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
  const writer = protobuf.Writer.create();
  tag(writer, 1, BIT64).double(event.wallTime);
  if (event.step !== undefined) tag(writer, 2, VARINT).int64(event.step);
  if (event.fileVersion !== undefined) tag(writer, 3, LENGTH_DELIMITED).string(event.fileVersion);
  if (event.summary) {
    tag(writer, 5, LENGTH_DELIMITED).fork();
    for (const value of event.summary) writeValue(writer, value);
    writer.ldelim();
  }
  if (event.sessionStart) {
    tag(writer, 7, LENGTH_DELIMITED).fork();
    tag(writer, 1, VARINT).int32(1);
    writer.ldelim();
  }
  return writer.finish();
}

function writeValue(writer: protobuf.Writer, value: SummaryValue): void {
  tag(writer, 1, LENGTH_DELIMITED).fork();
  tag(writer, 1, LENGTH_DELIMITED).string(value.tag);
  if ('scalar' in value) {
    tag(writer, 2, BIT32).float(value.scalar);
  } else {
    tag(writer, 5, LENGTH_DELIMITED).fork();
    writeHistogram(writer, value.histogram);
    writer.ldelim();
  }
  writer.ldelim();
}

function writeHistogram(writer: protobuf.Writer, histogram: Histogram): void {
  const { min, max, count, sum, sumSquares } = histogram;
  [min, max, count, sum, sumSquares].forEach((value, i) => {
    tag(writer, i + 1, BIT64).double(value);
  });
  writePacked(writer, 6, histogram.limits);
  writePacked(writer, 7, histogram.buckets);
}

function writePacked(writer: protobuf.Writer, field: number, values: readonly number[]): void {
  tag(writer, field, LENGTH_DELIMITED).fork();
  for (const value of values) writer.double(value);
  writer.ldelim();
}

function tag(writer: protobuf.Writer, field: number, wireType: number): protobuf.Writer {
  return writer.uint32(field * 8 + wireType);
}
