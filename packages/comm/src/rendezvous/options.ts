/** How processes meet. */

export interface Master {
  readonly host: string;
  readonly port: number;
}

export interface MeetOptions {
  /** What must be the same on all processes, by what it is called: the version, the configuration. */
  readonly identity?: Readonly<Record<string, string>>;
  /** Only processes that know it take part. Without one, whoever reaches rank 0's port in time may be any rank. */
  readonly secret?: string;
  /** Milliseconds in which all must have come; default five minutes. */
  readonly meetMs?: number;
  /** Milliseconds of silence after which a peer counts as lost; default one minute. */
  readonly lossMs?: number;
  /** Milliseconds in which whoever listens at the master's port must have spoken; default ten seconds. */
  readonly greetMs?: number;
  /** Where lines about the meeting go on rank 0: whom it waits for, whom it refused. Default: nowhere. */
  readonly note?: (line: string) => void;
}

export type MeetSettings = Required<MeetOptions>;

/** Grows when processes of different versions would not understand each other. */
export const PROTOCOL = 2;

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
