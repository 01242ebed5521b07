/** Gives back the JavaScript heap's garbage before a run takes its memory. */
import { getHeapStatistics } from 'node:v8';

/**
 * Collects the garbage of planning if a run takes more than the heap has. V8 would keep it and a young
 * generation of 32 MiB for a whole epoch, because a step allocates next to nothing, and how much it has
 * grown differs from start to start. `gc()` would empty the young generation and not shrink it.
 *
 * @param bytes that the run is about to take
 */
export async function collectBefore(bytes: number): Promise<void> {
  if (bytes <= getHeapStatistics().total_heap_size) return;
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
