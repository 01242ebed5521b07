import { hangupIgnored } from './hangup.js';

/** The part of `process` that is used here. */
export interface SignalSource {
  /** Adds a listener for a signal. */
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  /** Removes a listener. */
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

/** Signals that ask a program to stop. */
export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Signals within this many milliseconds count as one request. A terminal and `timeout` signal the whole
 * process group, and npm and our scripts, which belong to it, forward what they receive.
 */
const TOGETHER_MS = 500;

export interface StopHandlers {
  readonly first: (signal: NodeJS.Signals) => void;
  /** Called for a second request. Default: the signal's own effect, which kills the process. */
  readonly again?: () => void;
}

/**
 * Stop requests by signal: the first one and later ones. SIGHUP does not count if the process was started to
 * ignore it.
 */
export class StopSignals {
  private readonly signals: readonly NodeJS.Signals[];
  private state: 'waiting' | 'asked' | 'impatient' = 'waiting';
  private timer: NodeJS.Timeout | undefined;
  private readonly listener = (signal: NodeJS.Signals): void => this.hear(signal);

  /**
   * Listens until {@link dispose} is called.
   *
   * @param source where signals come from; default: this process
   * @param ignoreHangup whether SIGHUP does not count; default: as the process was started
   */
  constructor(
    private readonly handlers: StopHandlers,
    private readonly source: SignalSource = process,
    ignoreHangup: boolean = hangupIgnored(),
  ) {
    this.signals = STOP_SIGNALS.filter((signal) => signal !== 'SIGHUP' || !ignoreHangup);
    for (const signal of this.signals) source.on(signal, this.listener);
  }

  /** Removes the listeners, so that signals have their default effect again. */
  dispose(): void {
    clearTimeout(this.timer);
    for (const signal of this.signals) this.source.off(signal, this.listener);
  }

  private hear(signal: NodeJS.Signals): void {
    if (this.state === 'waiting') {
      this.state = 'asked';
      this.timer = setTimeout(() => this.settle(), TOGETHER_MS).unref();
      this.handlers.first(signal);
    } else if (this.state === 'impatient') {
      this.handlers.again?.();
    }
  }

  /**
   * From now on a signal is a second request. Without a listener it kills the process even while it is busy.
   */
  private settle(): void {
    this.state = 'impatient';
    if (!this.handlers.again) this.dispose();
  }
}
