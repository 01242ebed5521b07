/**
 * Class weights under which every class counts alike: all / (classes · count), over the classes that occur. A
 * class that does not occur has 0.
 *
 * @param counts images, or pixels, of each class in the training data
 */
export function balancedWeights(counts: readonly number[]): number[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  const classes = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count > 0 ? all / (classes * count) : 0));
}
