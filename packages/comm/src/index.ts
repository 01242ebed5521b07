export { CommError } from './errors.js';
export type { Placement } from './rendezvous/placement.js';
export type { PeerLoss, World } from './rendezvous/world.js';
