/** Gives back the JavaScript heap's garbage before a run takes its memory. */

/**
 * Collects the garbage of planning, in some 20 ms. V8 would keep it and a young generation of 32 MiB for a
 * whole epoch, because a step allocates next to nothing, and how much it has grown differs from start to
 * start. `gc()` would empty the young generation and not shrink it.
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
    // A Node that was built without an inspector, or may not use it, collects when it likes.
  }
}
