import { type SignalSource, StopSignals } from '@inplace-abn/cli';

/** SIGINT, SIGTERM and SIGHUP: the first asks a run to finish what it is at and to stop, the second kills. */
export class StopRequest {
  private signal: NodeJS.Signals | null = null;
  private readonly signals: StopSignals;
  private readonly controller = new AbortController();

  /** @param source where signals come from; default: the process */
  constructor(notify: (signal: NodeJS.Signals) => void, source?: SignalSource) {
    const first = (signal: NodeJS.Signals) => {
      this.signal = signal;
      notify(signal);
      this.controller.abort(new Error(`stopped by ${signal}`));
    };
    this.signals = new StopSignals({ first }, source);
  }

  get requested(): NodeJS.Signals | null {
    return this.signal;
  }

  /** Aborts with the request. */
  get asked(): AbortSignal {
    return this.controller.signal;
  }

  dispose(): void {
    this.signals.dispose();
  }
}
