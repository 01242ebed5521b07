/** The group of all processes of a run, used by layers that were not given a group. */

/** The properties of a process group that the ops of a compiled step need. */
export interface GroupShape {
  /** Name under which kernels find it; `''` for this process alone. */
  readonly name: string;
  /** Number of processes. */
  readonly size: number;
}

let world: GroupShape | null = null;

/** The initialized world group; null if this process trains alone. */
export function worldGroup(): GroupShape | null {
  return world;
}

/** Sets the group that {@link worldGroup} returns; null when it is closed. */
export function setWorldGroup(group: GroupShape | null): void {
  world = group;
}
