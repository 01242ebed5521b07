/** Something between the processes went wrong: says which rank, where, and the likely fix. One sentence or two. */
export class CommError extends Error {
  override readonly name = 'CommError';
}
