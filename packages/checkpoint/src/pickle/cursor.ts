/** Thrown if the bytes end before the pickle does. */
export class PickleEnd extends Error {
  override readonly name = 'PickleEnd';
  readonly code = 'ERR_PICKLE_END';
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads operands of instructions and never past the end. */
export class Cursor {
  constructor(
    private readonly bytes: Buffer,
    public position: number,
  ) {}

  private take(length: number): number {
    const start = this.position;
    if (length > this.bytes.byteLength - start) throw new PickleEnd('the pickle is truncated');
    this.position = start + length;
    return start;
  }

  uint8(): number {
    return this.bytes[this.take(1)] ?? 0;
  }

  uint16(): number {
    return this.bytes.readUInt16LE(this.take(2));
  }

  uint32(): number {
    return this.bytes.readUInt32LE(this.take(4));
  }

  int32(): number {
    return this.bytes.readInt32LE(this.take(4));
  }

  uint64(): number {
    return Number(this.bytes.readBigUInt64LE(this.take(8)));
  }

  /** Big-endian; all other numbers of a pickle are little-endian. */
  float64(): number {
    return this.bytes.readDoubleBE(this.take(8));
  }

  /** A little-endian two's complement integer; a bigint only if a number would not be exact. */
  long(length: number): number | bigint {
    const start = this.take(length);
    if (length === 0) return 0;
    let hex = '';
    for (let i = start + length - 1; i >= start; i--)
      hex += (this.bytes[i] ?? 0).toString(16).padStart(2, '0');
    const value = BigInt.asIntN(8 * length, BigInt(`0x${hex}`));
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  /** Undefined if the bytes are not UTF-8. */
  utf8(length: number): string | undefined {
    const start = this.take(length);
    try {
      return UTF8.decode(this.bytes.subarray(start, start + length));
    } catch {
      return undefined;
    }
  }

  latin1(length: number): string {
    const start = this.take(length);
    return this.bytes.toString('latin1', start, start + length);
  }

  /** Text up to a line feed, which is skipped; undefined if it is longer than `limit`. */
  line(limit: number): string | undefined {
    const start = this.position;
    const end = this.bytes.subarray(start, start + limit).indexOf(0x0a);
    if (end < 0) {
      if (this.bytes.byteLength - start < limit) throw new PickleEnd('the pickle is truncated');
      return undefined;
    }
    this.position = start + end + 1;
    return this.bytes.toString('latin1', start, start + end);
  }
}
