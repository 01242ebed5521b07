/** Memory of a loader thread for one image: its file, and its decoded and resampled pixels. */

/** Maximum bytes to keep. An image that needs more gets memory that is not reused. */
const MOST_KEPT = 16 * 2 ** 20;

/**
 * Memory that is handed out piece by piece and taken back as a whole. Without it, each thread would keep tens
 * of megabytes of garbage, because V8 collects buffers later than objects on its heap.
 */
export class Room {
  private buffer = new Uint8Array(0);
  private used = 0;
  private wanted = 0;

  /** Takes everything back, and grows to the bytes that were requested since the last reset. */
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
