import type { PeerLoss } from './world.js';

/** Listeners for the first loss. */
export class LossListeners {
  private readonly listeners: ((loss: PeerLoss) => void)[] = [];
  loss: PeerLoss | null = null;

  add(listener: (loss: PeerLoss) => void): void {
    if (this.loss) listener(this.loss);
    else this.listeners.push(listener);
  }

  /** Only the first loss counts; later ones are its consequences. */
  tell(loss: PeerLoss): void {
    if (this.loss) return;
    this.loss = loss;
    for (const listener of this.listeners.splice(0)) listener(loss);
  }
}

/** Such as `rank 2 at 10.0.0.3:4711`. */
export function peerName(rank: number, peer: string): string {
  return `rank ${rank} at ${peer}`;
}
