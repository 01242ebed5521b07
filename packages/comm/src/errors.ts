/**
 * A failure between processes. The message says in a sentence or two which rank failed, where, and the likely
 * fix.
 */
export class CommError extends Error {
  override readonly name = 'CommError';
  readonly code = 'ERR_PROCESS_GROUP';
}
