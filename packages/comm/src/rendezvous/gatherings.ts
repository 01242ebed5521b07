/** Contributions that rank 0 collects per key until all members have sent theirs. */

interface Gathering {
  readonly members: readonly number[];
  readonly given: Map<number, Uint8Array>;
}

export class Gatherings {
  private readonly open = new Map<string, Gathering>();

  /**
   * Adds the contribution of `rank`. Returns all contributions in member order once every member has given
   * one, null before.
   */
  give(key: string, members: readonly number[], rank: number, data: Uint8Array): Uint8Array[] | null {
    const id = `${key}\n${members.join()}`;
    const gathering = this.open.get(id) ?? { members, given: new Map<number, Uint8Array>() };
    this.open.set(id, gathering);
    gathering.given.set(rank, data);
    if (gathering.given.size < members.length) return null;
    this.open.delete(id);
    return members.map((member) => gathering.given.get(member) ?? new Uint8Array());
  }
}

/** Joins byte strings into one payload, with their lengths. */
export function joinBytes(parts: readonly Uint8Array[]): { lengths: number[]; payload: Uint8Array } {
  return { lengths: parts.map(({ length }) => length), payload: Buffer.concat(parts) };
}

export function splitBytes(lengths: readonly number[], payload: Uint8Array): Uint8Array[] {
  let begin = 0;
  return lengths.map((length) => {
    const part = payload.slice(begin, begin + length);
    begin += length;
    return part;
  });
}
