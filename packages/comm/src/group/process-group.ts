/**
 * Process groups: collectives over the addon's connections, for host data and for compiled steps, which refer
 * to a group by name.
 */
import { deserialize, serialize } from 'node:v8';
import { type DeviceMemory, loadNative, type NativeGroup } from '@inplace-abn/core';
import { CommError } from '../errors.js';
import type { World } from '../rendezvous/world.js';
import { decodeAddresses, encodeAddresses } from './addresses.js';
import { agreedPerNode, type SumTopology } from './nodes.js';
import type { GroupShape } from './world-group.js';

/** Options of a {@link ProcessGroup}. */
export interface GroupOptions {
  /** Timeout in milliseconds of a collective that waits for a live peer; default half an hour. */
  readonly timeoutMs?: number;
  /** Timeout in milliseconds for connecting; default one minute. */
  readonly connectTimeoutMs?: number;
  /**
   * Whether sums over all processes go around one ring, or within each node first. Default: within each node
   * first if there are several nodes with the same number of processes, two or more, whose ranks are numbered
   * node after node. Sums over a subgroup go around a ring.
   */
  readonly topology?: SumTopology;
}

type SumArray = Float32Array | Float64Array | Int32Array;

const HALF_HOUR = 30 * 60_000;

/**
 * A group of processes. Methods that return a promise are collectives: all members must call them, in the
 * same order, or all of them block. They work on host data and queue behind running programs; the ops of
 * compiled steps refer to the group by name. If a member is lost, everything pending rejects with CommError.
 */
export class ProcessGroup implements GroupShape {
  private readonly subgroups = new Map<string, Promise<ProcessGroup>>();
  private closed = false;

  private constructor(
    private readonly world: World,
    private readonly native: NativeGroup,
    private readonly options: GroupOptions,
    /** Name by which the ops of compiled steps refer to the group. */
    readonly name: string,
    /** World ranks of the members, ascending. */
    readonly ranks: readonly number[],
    /** Number of processes per node that sum among themselves first; 1: all are on one ring. */
    readonly perNode: number,
  ) {
    world.onLost(({ reason }) => {
      if (!this.closed) native.abort(reason);
    });
  }

  /**
   * Creates the group of the world's processes with these ranks, which include this one. All of them must
   * call it.
   *
   * @throws {CommError} if this process is not a member, if the addon has no process groups, if they cannot
   * be connected, or if their options differ or ask for a topology that does not fit their nodes
   * @throws {NativeAddonError} if there is no addon for this platform, or it cannot be loaded
   */
  static async create(
    world: World,
    ranks: readonly number[],
    options: GroupOptions = {},
    name = groupName(world, ranks),
  ): Promise<ProcessGroup> {
    const rank = ranks.indexOf(world.rank);
    if (rank < 0)
      throw new CommError(`rank ${world.rank} is not a member of the group of ranks ${ranks.join(', ')}`);
    const { timeoutMs = HALF_HOUR, connectTimeoutMs = 60_000, topology = null } = options;
    const size = ranks.length;
    const perNode = size === world.size ? await agreedPerNode(world, topology, name) : 1;
    const settings = { name, rank, size, perNode, hostname: world.host, timeoutMs, connectTimeoutMs };
    const addon = loadNative();
    const native = opened(name, () => new addon.Group(settings));
    const group = new ProcessGroup(world, native, options, name, ranks, perNode);
    try {
      await connect(world, native, name, ranks);
    } catch (error) {
      group.close();
      throw asCommError(error, `connecting the processes of group ${name} from ${world.host}`);
    }
    return group;
  }

  /** Rank of this process in the group, from 0. */
  get rank(): number {
    return this.ranks.indexOf(this.world.rank);
  }

  /** Number of members. */
  get size(): number {
    return this.ranks.length;
  }

  /** Elementwise sum over the processes, in the array's dtype; bit-identical on all of them. */
  async allReduce<A extends SumArray>(values: A): Promise<A> {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const sum = await this.checked('all_reduce', this.native.allReduce(bytes, sumType(values)));
    const Type = values.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => A;
    return new Type(sum.buffer, sum.byteOffset, values.length);
  }

  /** The bytes of every process, in rank order; lengths may differ. */
  async allGather(data: Uint8Array): Promise<Uint8Array[]> {
    const own = new Uint8Array(Int32Array.of(data.length).buffer);
    const gathered = await this.checked('all_gather', this.native.allGather(own));
    const lengths = new Int32Array(gathered.buffer, gathered.byteOffset, this.size);
    const longest = Math.max(...lengths);
    const padded = new Uint8Array(longest);
    padded.set(data);
    const all = await this.checked('all_gather', this.native.allGather(padded));
    return Array.from(lengths, (length, i) => all.slice(i * longest, i * longest + length));
  }

  /** The value of every process, in rank order; any value that structured clone supports. */
  async gatherValues<T>(value: T): Promise<T[]> {
    const all = await this.allGather(serialize(value));
    return all.map((bytes) => deserialize(bytes) as T);
  }

  /** The value of rank `root` in the group; the value passed by other ranks is ignored. */
  async broadcastValue<T>(value: T | null, root = 0): Promise<T> {
    const own = this.rank === root ? serialize(value) : new Uint8Array();
    const length = (await this.allReduce(Int32Array.of(own.length)))[0] ?? 0;
    const data = new Uint8Array(length);
    data.set(own);
    return deserialize(await this.broadcastBytes(data, root)) as T;
  }

  /** The bytes of rank `root` in the group; the length must be the same on all processes. */
  broadcastBytes(data: Uint8Array, root = 0): Promise<Uint8Array> {
    return this.checked('broadcast', this.native.broadcast(data, root));
  }

  /**
   * Overwrites a block of device memory with the block of `root`; the size must be the same on all processes.
   */
  async broadcastMemory(memory: DeviceMemory, root = 0): Promise<void> {
    await this.checked('broadcast', this.native.broadcastMemory({ memory, offset: 0 }, memory.bytes, root));
  }

  /** Resolves once all members have called it. */
  async barrier(): Promise<void> {
    await this.checked('barrier', this.native.barrier());
  }

  /**
   * The subgroup of members with these world ranks, created once; null on processes outside it.
   *
   * @throws CommError for a rank that is not a member, or if they cannot be connected
   */
  async subgroup(ranks: readonly number[]): Promise<ProcessGroup | null> {
    const members = [...new Set(ranks)].sort((a, b) => a - b);
    const stranger = members.find((rank) => !this.ranks.includes(rank));
    if (stranger !== undefined) throw new CommError(`rank ${stranger} is not a member of group ${this.name}`);
    if (!members.includes(this.world.rank)) return null;
    if (members.length === this.size) return this;
    const key = members.join();
    let made = this.subgroups.get(key);
    if (!made) {
      made = ProcessGroup.create(this.world, members, this.options);
      this.subgroups.set(key, made);
    }
    return made;
  }

  /**
   * The subgroup of processes that pass true, created once per set, so that idle processes can stay out; null
   * on processes that pass false. All members must call it. (active_group of the reference implementation)
   */
  async activeGroup(active: boolean): Promise<ProcessGroup | null> {
    const flags = await this.allGather(Uint8Array.of(active ? 1 : 0));
    return this.subgroup(this.ranks.filter((_, i) => flags[i]?.[0] === 1));
  }

  /** The background all-reduces since the last call, on the clock of program timings. */
  takeSpans(): {
    /** Start in seconds. */
    begin: number;
    /** End in seconds. */
    end: number;
    /** Size of the vector that was summed. */
    bytes: number;
  }[] {
    const flat = this.native.takeSpans();
    return Array.from({ length: flat.length / 3 }, (_, i) => {
      return { begin: flat[3 * i] ?? 0, end: flat[3 * i + 1] ?? 0, bytes: flat[3 * i + 2] ?? 0 };
    });
  }

  /** Ends every pending and future collective of this process with `reason`. */
  abort(reason: string): void {
    this.native.abort(reason);
  }

  /** Closes the connections, including those of subgroups. No collective may be pending. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.native.close();
    for (const made of this.subgroups.values()) {
      made.then(
        (group) => group.close(),
        () => {},
      );
    }
  }

  private async checked<T>(collective: string, result: Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (error) {
      throw asCommError(error, `${collective} in group ${this.name}`);
    }
  }
}

/** An addon that cannot connect processes throws here. */
function opened(name: string, open: () => NativeGroup): NativeGroup {
  try {
    return open();
  } catch (error) {
    throw asCommError(error, `opening group ${name}`);
  }
}

/** `world` for all processes, otherwise a name derived from the ranks. */
function groupName(world: World, ranks: readonly number[]): string {
  return ranks.length === world.size ? 'world' : `ranks-${ranks.join('-')}`;
}

/** Exchanges listening addresses with the other processes and connects to theirs. */
async function connect(
  world: World,
  native: NativeGroup,
  name: string,
  ranks: readonly number[],
): Promise<void> {
  const own = native.addresses();
  const all = await world.gather(`group ${name}`, ranks, encodeAddresses(own));
  const rank = ranks.indexOf(world.rank);
  const offered = all.map(decodeAddresses);
  const empty = new Uint8Array();
  await native.connect(own.map((_, lane) => offered.map((lanes) => lanes[lane]?.[rank] ?? empty)));
}

function sumType(values: SumArray): 'float32' | 'float64' | 'int32' {
  if (values instanceof Float32Array) return 'float32';
  return values instanceof Float64Array ? 'float64' : 'int32';
}

function asCommError(error: unknown, where: string): CommError {
  if (error instanceof CommError) return error;
  return new CommError(`${where}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}
