/** One class predicted for an image. */
export interface Guess {
  /** Index of the output. */
  readonly label: number;
  readonly name: string;
  /** Softmax over all outputs; sigmoid of this output for a multi-label network. */
  readonly probability: number;
}

/** The outcome for one image. */
export type Result =
  /** The most probable classes, in descending order, or the labels of the image, possibly none. */
  | { readonly file: string; readonly guesses: readonly Guess[] }
  | { readonly file: string; readonly vector: Float32Array }
  /** Why the image cannot be used. */
  | { readonly file: string; readonly error: string };

/** Takes results in the order of the images and keeps at most a fixed number. */
export interface Sink {
  add(result: Result): Promise<void>;
  /** Completes the output after the last result. */
  close(): Promise<void>;
  /** Removes incomplete output. */
  abandon(error: unknown): Promise<void>;
}

/**
 * The `count` most probable classes of a row of logits; ties go to the lower output. Null if a logit is NaN.
 *
 * @param nameOf the name of an output
 */
export function guessesOf(
  logits: Float32Array,
  count: number,
  nameOf: (label: number) => string,
): readonly Guess[] | null {
  const top: number[] = [];
  let highest = Number.NEGATIVE_INFINITY;
  for (const [label, value] of logits.entries()) {
    if (Number.isNaN(value)) return null;
    highest = Math.max(highest, value);
    const last = top.at(-1);
    if (top.length === count && last !== undefined && value <= (logits[last] as number)) continue;
    const place = top.findIndex((other) => value > (logits[other] as number));
    top.splice(place === -1 ? top.length : place, 0, label);
    top.length = Math.min(top.length, count);
  }
  if (!Number.isFinite(highest)) return null;
  let sum = 0;
  for (const value of logits) sum += Math.exp(value - highest);
  return top.map((label) => ({
    label,
    name: nameOf(label),
    probability: Math.exp((logits[label] as number) - highest) / sum,
  }));
}

/**
 * The labels of a row of logits whose probability (the sigmoid) is at least `threshold`, in descending order;
 * ties go to the lower output. Null if a logit is NaN.
 *
 * @param nameOf the name of an output
 */
export function labelsOver(
  logits: Float32Array,
  threshold: number,
  nameOf: (label: number) => string,
): readonly Guess[] | null {
  if (logits.some(Number.isNaN)) return null;
  return Array.from(logits, (value, label) => ({
    label,
    name: nameOf(label),
    probability: 1 / (1 + Math.exp(-value)),
  }))
    .filter(({ probability }) => probability >= threshold)
    .sort((a, b) => b.probability - a.probability || a.label - b.label);
}
