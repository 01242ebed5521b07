// Reads event files by their specification, without sharing code with the writer.

export interface ReadValue {
  tag: string;
  scalar?: number;
  histogram?: Record<'min' | 'max' | 'count' | 'sum' | 'sumSquares', number> & {
    limits: number[];
    buckets: number[];
  };
}

export interface ReadEvent {
  wallTime: number;
  step: number;
  fileVersion?: string;
  values: ReadValue[];
  sessionStatus?: number;
}

/** CRC-32C bit by bit: reflected polynomial 0x82f63b78. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

export function unmask(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated << 15) | (rotated >>> 17)) >>> 0;
}

export function readEvents(file: Uint8Array): ReadEvent[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const events: ReadEvent[] = [];
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    const payload = file.subarray(at + 12, at + 12 + length);
    checkCrc(file.subarray(at, at + 8), view.getUint32(at + 8, true));
    checkCrc(payload, view.getUint32(at + 12 + length, true));
    events.push(readEvent(payload));
    at += 16 + length;
  }
  return events;
}

function checkCrc(bytes: Uint8Array, masked: number): void {
  if (crc32c(bytes) !== unmask(masked)) throw new Error('checksum differs');
}

function readEvent(bytes: Uint8Array): ReadEvent {
  const event: ReadEvent = { wallTime: 0, step: 0, values: [] };
  for (const { field, data, value } of fields(bytes)) {
    if (field === 1) event.wallTime = value;
    else if (field === 2) event.step = value;
    else if (field === 3) event.fileVersion = new TextDecoder().decode(data);
    else if (field === 5) event.values.push(...fields(data).map((summary) => readValue(summary.data)));
    else if (field === 7) event.sessionStatus = fields(data)[0]?.value;
    else throw new Error(`unexpected field ${field} in Event`);
  }
  return event;
}

function readValue(bytes: Uint8Array): ReadValue {
  const read: ReadValue = { tag: '' };
  for (const { field, data, value } of fields(bytes)) {
    if (field === 1) read.tag = new TextDecoder().decode(data);
    else if (field === 2) read.scalar = value;
    else if (field === 5) read.histogram = readHistogram(data);
    else throw new Error(`unexpected field ${field} in Summary.Value`);
  }
  return read;
}

function readHistogram(bytes: Uint8Array): ReadValue['histogram'] {
  const by = new Map(fields(bytes).map((entry) => [entry.field, entry]));
  const number = (field: number) => by.get(field)?.value ?? Number.NaN;
  return {
    min: number(1),
    max: number(2),
    count: number(3),
    sum: number(4),
    sumSquares: number(5),
    limits: doubles(by.get(6)?.data),
    buckets: doubles(by.get(7)?.data),
  };
}

function doubles(data: Uint8Array = new Uint8Array()): number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: data.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
}

/** The fields of one protobuf message: `value` for numbers, `data` for strings and messages. */
function fields(bytes: Uint8Array): { field: number; value: number; data: Uint8Array }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: { field: number; value: number; data: Uint8Array }[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const entry = { field: key >>> 3, value: Number.NaN, data: new Uint8Array() };
    const wire = key & 7;
    if (wire === 0) {
      entry.value = varint();
    } else if (wire === 1) {
      entry.value = view.getFloat64(at, true);
      at += 8;
    } else if (wire === 2) {
      const length = varint();
      entry.data = bytes.slice(at, at + length);
      at += length;
    } else if (wire === 5) {
      entry.value = view.getFloat32(at, true);
      at += 4;
    } else {
      throw new Error(`unexpected wire type ${wire}`);
    }
    found.push(entry);
  }
  return found;
}
