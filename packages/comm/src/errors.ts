/**
 * A failure between processes. The message says in a sentence or two which rank failed, where, and the likely
 * fix.
 */
export class CommError extends Error {
  /** Name of the class, as stack traces print it. Programs compare `code`, or use `instanceof`. */
  override readonly name = 'CommError';
  /** Stable identifier of the problem; the message may change between versions. */
  readonly code = 'ERR_PROCESS_GROUP';
}
