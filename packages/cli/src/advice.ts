/** By error code, the program's own advice at the end of a message, such as which of its options helps. */
export type Advice = Readonly<Record<string, string | ((error: Error) => string)>>;

/** Appends the advice for an error's code to its message. Leaves other errors unchanged. */
export function advise(error: unknown, advice: Advice): void {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return;
  const words = advice[error.code];
  if (words !== undefined) error.message += typeof words === 'string' ? words : words(error);
}

/** Runs library code and adds the program's advice to its errors. */
export async function withAdvice<T>(advice: Advice, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    advise(error, advice);
    throw error;
  }
}
