/** By an error's code how the program's own words end its message: which of its options help. */
export type Advice = Readonly<Record<string, string | ((error: Error) => string)>>;

/** Appends to an error the advice for its code; other errors stay as they are. */
export function advise(error: unknown, advice: Advice): void {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return;
  const words = advice[error.code];
  if (words !== undefined) error.message += typeof words === 'string' ? words : words(error);
}

/** Runs what a library does; its errors say what is wrong, and the program that caused them which option helps. */
export async function withAdvice<T>(advice: Advice, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    advise(error, advice);
    throw error;
  }
}
