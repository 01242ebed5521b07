import { type SignalSource, StopSignals } from '@inplace-abn/cli';

/** SIGINT, SIGTERM and SIGHUP: the first asks a run to finish what it is at and to stop, the second kills. */
export class StopRequest {
  private signal: NodeJS.Signals | null = null;
  private readonly signals: StopSignals;

  /** @param source where signals come from; default: the process */
  constructor(notify: (signal: NodeJS.Signals) => void, source?: SignalSource) {
    const first = (signal: NodeJS.Signals) => {
      this.signal = signal;
      notify(signal);
    };
    this.signals = new StopSignals({ first }, source);
  }

  get requested(): NodeJS.Signals | null {
    return this.signal;
  }

  dispose(): void {
    this.signals.dispose();
  }
}
