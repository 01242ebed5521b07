/** The group of all processes of a run, for layers that were given none. */

/** What the ops of a compiled step know of a process group. */
export interface GroupShape {
  /** The name under which kernels find it; `''`: this process alone. */
  readonly name: string;
  /** How many processes it has. */
  readonly size: number;
}

let world: GroupShape | null = null;

/** The group that was initialised; null where this process trains alone. */
export function worldGroup(): GroupShape | null {
  return world;
}

/** Makes `group` the one that {@link worldGroup} gives; null when it is closed. */
export function setWorldGroup(group: GroupShape | null): void {
  world = group;
}
