/** Options of the rendezvous. */

/** Address of rank 0, where the processes meet. */
export interface Master {
  /** Host name or address of rank 0. */
  readonly host: string;
  /** TCP port, 1 to 65535. */
  readonly port: number;
}

/** Options of meeting the other processes. */
export interface MeetOptions {
  /** Values that must be equal on all processes, by name: the version, the configuration. */
  readonly identity?: Readonly<Record<string, string>>;
  /**
   * Shared secret that processes need to join. Without one, any process that reaches rank 0's port can claim
   * any rank.
   */
  readonly secret?: string;
  /** Milliseconds until all processes must have joined; default five minutes. */
  readonly meetMs?: number;
  /** Milliseconds of silence after which a peer counts as lost; default one minute. */
  readonly lossMs?: number;
  /** Milliseconds within which the program at the master port must answer; default ten seconds. */
  readonly greetMs?: number;
  /** Receives progress lines on rank 0, such as which ranks it waits for or has refused; default: none. */
  readonly note?: (line: string) => void;
}

export type MeetSettings = Required<MeetOptions>;

/** Increase when versions become incompatible. */
export const PROTOCOL = 3;

export function withDefaults({
  identity = {},
  secret = '',
  meetMs = 300_000,
  lossMs = 60_000,
  greetMs = 10_000,
  note = () => {},
}: MeetOptions): MeetSettings {
  return { identity, secret, meetMs, lossMs, greetMs, note };
}

export function heartbeatMs({ lossMs }: MeetSettings): number {
  return Math.max(20, Math.min(5_000, lossMs / 6));
}
