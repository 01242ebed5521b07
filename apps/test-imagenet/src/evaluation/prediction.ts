/** Predictions from one image's logits. */
export interface Prediction {
  readonly label: number;
  /** The class with the highest logit. */
  readonly predicted: number;
  /** Number of classes ranked above the label; 0 if the prediction is right. */
  readonly rank: number;
  /** −log softmax(logits)[label]. */
  readonly loss: number;
  /** Softmax probability of the prediction, and of the label. */
  readonly probability: number;
  readonly labelProbability: number;
}

/**
 * Reads row `row` of logits [N, classes]. Ranks like training's validation: NaN is largest, and ties go to
 * the lower class.
 */
export function predictionOf(logits: Float32Array, row: number, classes: number, label: number): Prediction {
  const values = logits.subarray(row * classes, (row + 1) * classes);
  const own = values[label] as number;
  let predicted = 0;
  let rank = 0;
  for (let k = 0; k < classes; k++) {
    const value = values[k] as number;
    if (isLarger(value, values[predicted] as number)) predicted = k;
    if (isLarger(value, own) || (k < label && !isLarger(own, value))) rank++;
  }
  // log Σ exp(v) = max + log Σ exp(v − max)
  const highest = values[predicted] as number;
  let sum = 0;
  for (let k = 0; k < classes; k++) sum += Math.exp((values[k] as number) - highest);
  const logSum = highest + Math.log(sum);
  const loss = logSum - own;
  return {
    label,
    predicted,
    rank,
    loss,
    probability: Math.exp(highest - logSum),
    labelProbability: Math.exp(-loss),
  };
}

function isLarger(a: number, b: number): boolean {
  return Number.isNaN(a) ? !Number.isNaN(b) : a > b;
}
