/**
 * Class weights that make every class count equally, like scikit-learn's 'balanced': all / (classes · count),
 * where `classes` is the number of classes that occur. A class that does not occur gets 0.
 *
 * @param counts images, or pixels, of each class in the training data
 */
export function balancedWeights(counts: readonly number[]): number[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  const classes = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count > 0 ? all / (classes * count) : 0));
}
