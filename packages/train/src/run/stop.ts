/** SIGINT and SIGTERM: the first asks the run to finish its step and save, the second kills. */
export class StopRequest {
  private signal: NodeJS.Signals | null = null;
  private readonly listener = (signal: NodeJS.Signals): void => {
    this.signal = signal;
    // Without a listener the next signal has its default effect: it ends the process at once.
    this.dispose();
    this.notify(signal);
  };

  constructor(private readonly notify: (signal: NodeJS.Signals) => void) {
    process.on('SIGINT', this.listener);
    process.on('SIGTERM', this.listener);
  }

  get requested(): NodeJS.Signals | null {
    return this.signal;
  }

  dispose(): void {
    process.off('SIGINT', this.listener);
    process.off('SIGTERM', this.listener);
  }
}
