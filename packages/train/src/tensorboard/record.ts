import crc32c from 'crc-32/crc32c.js';

/** CRC-32C (Castagnoli), masked as in TFRecord: rotated and offset, so that the CRC of a CRC stays useful. */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c.buf(bytes) >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/**
 * A TFRecord: uint64 length, masked CRC of the length, payload, masked CRC of the payload; little-endian.
 * Source: tensorflow/core/lib/io/record_writer.h
 */
export function frameRecord(payload: Uint8Array): Uint8Array {
  const record = new Uint8Array(payload.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(payload.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(payload, 12);
  view.setUint32(12 + payload.length, maskedCrc32c(payload), true);
  return record;
}
