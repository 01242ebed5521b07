/** One class that the network sees in an image. */
export interface Guess {
  /** Index of the output. */
  readonly label: number;
  readonly name: string;
  /** Softmax over all outputs; where an image has any number of labels, the sigmoid of its own. */
  readonly probability: number;
}

/** The outcome for one image. */
export type Result =
  /**
   * The most probable classes, the first the most, or the labels of the image, of which there may be none.
   */
  | { readonly file: string; readonly guesses: readonly Guess[] }
  | { readonly file: string; readonly vector: Float32Array }
  /** It cannot be used: the reason. */
  | { readonly file: string; readonly error: string };

/** Takes results one after the other, in the order of the images; keeps none, or a fixed number of them. */
export interface Sink {
  add(result: Result): Promise<void>;
  /** The last result is in: what is written is whole. */
  close(): Promise<void>;
  /** Leaves nothing behind. */
  abandon(error: unknown): Promise<void>;
}

/**
 * The `count` most probable classes of one row of logits; among equals the lower output first. null where a
 * logit is not a number.
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
 * The labels of a row of logits whose probability, a sigmoid of each, is at least `threshold`, the most
 * probable first; among equals the lower output. null where a logit is not a number.
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
