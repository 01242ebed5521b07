// @ts-check
import { inRoot } from './paths.mjs';

/** The image folder of the demo and the tour. */
export const DATA = '.cache/fashion-mnist';

/** Writes it from Debian's package, unless it is there. */
export async function prepareData() {
  // Loaded here because it needs the npm dependencies that setup installs.
  const { prepareFashionMnist } = await import('../../tools/fashion-mnist/prepare.mjs');
  await prepareFashionMnist(inRoot(DATA));
}
