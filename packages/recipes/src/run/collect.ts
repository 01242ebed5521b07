/** Frees the garbage on the JavaScript heap before a run allocates its memory. */

/**
 * Collects the garbage of planning, in about 20 ms. V8 would keep it, with a young generation of 32 MiB, for
 * a whole epoch, because a step allocates next to nothing; how far the heap has grown also differs between
 * starts. `gc()` would empty the young generation but not shrink it.
 */
export async function collectGarbage(): Promise<void> {
  try {
    const { Session } = await import('node:inspector/promises');
    const session = new Session();
    session.connect();
    try {
      await session.post('HeapProfiler.collectGarbage');
    } finally {
      session.disconnect();
    }
  } catch {
    // Node without an inspector, or without permission to use it, collects on its own schedule.
  }
}
