/** Scores of images for each class, row by row. */
export interface Scored {
  /** One score per class; larger means more likely. */
  readonly scores: Float32Array;
  /** 1 for each class that an image is of. */
  readonly labels: Uint8Array;
}

/**
 * Average precision of each class, in percent, as scikit-learn's `average_precision_score`: Σ (R_n −
 * R_{n−1})·P_n over the thresholds from the highest score down, with the precision P_n and the recall R_n of
 * all images that score at least the n-th threshold. Images of equal scores pass a threshold together, so the
 * order of the images has no influence. NaN for a class without images.
 *
 * @param classes columns of the scores
 */
export function averagePrecisions({ scores, labels }: Scored, classes: number): number[] {
  const images = scores.length / classes;
  const order = new Uint32Array(images);
  return Array.from({ length: classes }, (_, label) => {
    const column = (image: number) => image * classes + label;
    for (let image = 0; image < images; image++) order[image] = image;
    order.sort((a, b) => (scores[column(b)] ?? 0) - (scores[column(a)] ?? 0));
    let positives = 0;
    for (let image = 0; image < images; image++) positives += labels[column(image)] ?? 0;
    let [sum, found, before] = [0, 0, 0];
    for (let rank = 0; rank < images; rank++) {
      const here = column(order[rank] ?? 0);
      found += labels[here] ?? 0;
      const next = rank + 1 < images ? scores[column(order[rank + 1] ?? 0)] : undefined;
      if (next === scores[here]) continue;
      sum += (found - before) * (found / (rank + 1));
      before = found;
    }
    return positives === 0 ? Number.NaN : (100 * sum) / positives;
  });
}

/** Mean of the values of classes that occur; NaN if none does. */
export function meanOfKnown(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}
