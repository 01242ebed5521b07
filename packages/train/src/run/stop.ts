import { type SignalSource, StopSignals } from '@inplace-abn/cli';

/**
 * Handles SIGINT, SIGTERM and SIGHUP: the first signal asks the run to stop in an orderly way, the second
 * kills it.
 */
export class StopRequest {
  private signal: NodeJS.Signals | null = null;
  private readonly signals: StopSignals;
  private readonly controller = new AbortController();

  /**
   * Listens for the signals.
   *
   * @param notify called with the first one
   * @param source emits the signals; default: the process
   */
  constructor(notify: (signal: NodeJS.Signals) => void, source?: SignalSource) {
    const first = (signal: NodeJS.Signals) => {
      if (this.signal) return;
      notify(signal);
      this.request(signal);
    };
    this.signals = new StopSignals({ first }, source);
  }

  /** Asks the run to stop as the signal would. */
  request(signal: NodeJS.Signals): void {
    this.signal ??= signal;
    this.controller.abort(new Error(`stopped by ${signal}`));
  }

  /** Whether a stop was requested. */
  get requested(): NodeJS.Signals | null {
    return this.signal;
  }

  /** Aborts when a stop is requested. */
  get asked(): AbortSignal {
    return this.controller.signal;
  }

  /** Stops listening for signals. */
  dispose(): void {
    this.signals.dispose();
  }
}
