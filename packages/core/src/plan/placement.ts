/**
 * Caches buffer placements across processes: with thousands of buffers the search takes tenths of a second.
 */
import { type Lifetime, type Packing, type Placement, place, placeAs } from '../passes/place.js';
import { Remembered } from './remembered.js';

/** Below this number of buffers, placing takes no longer than reading the cache. */
const WORTH_REMEMBERING = 500;
/** Increase with every change to the search. */
const VERSION = 1;

export function placementOf(lifetimes: readonly Lifetime[]): Placement {
  if (lifetimes.length < WORTH_REMEMBERING) return place(lifetimes);
  const columns = lifetimes.flatMap(({ bytes, start, end }) => [bytes, start, end]);
  const remembered = new Remembered([`placement ${VERSION}: `, columns.join(' ')]);
  const known = remembered.read((packing) => placeAs(packing as Packing, lifetimes));
  if (known) return known;
  const found = place(lifetimes);
  remembered.write(found.packing);
  return found;
}
