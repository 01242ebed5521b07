import { hangupIgnored } from './hangup.js';

/** The part of `process` that is needed. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

/** The signals that ask a program to end. */
export const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Milliseconds in which signals count as one request. A terminal and `timeout` signal the whole process group, and npm and our
 * scripts, which are in it, pass on what they get.
 */
const TOGETHER_MS = 500;

export interface StopHandlers {
  readonly first: (signal: NodeJS.Signals) => void;
  /** Default: the signal's own effect, which ends the process at once. */
  readonly again?: () => void;
}

/** Requests to stop, by signal: the first one, and any that comes later. SIGHUP is none where the start says to ignore it. */
export class StopSignals {
  private readonly signals: readonly NodeJS.Signals[];
  private state: 'waiting' | 'asked' | 'impatient' = 'waiting';
  private timer: NodeJS.Timeout | undefined;
  private readonly listener = (signal: NodeJS.Signals): void => this.hear(signal);

  constructor(
    private readonly handlers: StopHandlers,
    private readonly source: SignalSource = process,
    ignoreHangup: boolean = hangupIgnored(),
  ) {
    this.signals = STOP_SIGNALS.filter((signal) => signal !== 'SIGHUP' || !ignoreHangup);
    for (const signal of this.signals) source.on(signal, this.listener);
  }

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

  /** From now on a signal is a second request. Without a listener it has its own effect, even while the process is busy. */
  private settle(): void {
    this.state = 'impatient';
    if (!this.handlers.again) this.dispose();
  }
}
