/** Memory of what a loader thread makes of one image: its file, decoded and resampled pixels. */

/** An image that needs more has memory of its own, which is not kept. */
const MOST_KEPT = 16 * 2 ** 20;

/**
 * Memory that is handed out piece by piece and taken back as a whole. V8 does not count buffers as it counts
 * its heap: those of images would wait until tens of megabytes of each thread are garbage.
 */
export class Room {
  private buffer = new Uint8Array(0);
  private used = 0;
  private wanted = 0;

  /** Takes everything back, and grows to what was asked for since the last time. */
  reset(): void {
    if (this.wanted > this.buffer.length && this.wanted <= MOST_KEPT) {
      this.buffer = new Uint8Array(2 ** Math.ceil(Math.log2(this.wanted)));
    }
    this.used = 0;
    this.wanted = 0;
  }

  /** `size` bytes of any content, valid until the next reset. */
  take(size: number): Uint8Array<ArrayBuffer> {
    this.wanted += size;
    if (this.used + size > this.buffer.length) return new Uint8Array(size);
    const piece = this.buffer.subarray(this.used, this.used + size);
    this.used += size;
    return piece;
  }
}
