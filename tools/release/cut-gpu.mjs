// @ts-check
// Takes the code of GPUs out of Debian's libdnnl, a quarter of it, which only its OpenCL engine reaches. Functions
// become traps where they lie, so that no address changes.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const TRAP = 0xcc;
const GPU_CLASS = /N4dnnl4impl3gpu|4ngen/;
/** Classes of the C++ library, whose functions the linker keeps once for all. */
const SHARED_CLASS = /^(St|N9__gnu_cxx)/;

/** @typedef {{ begin: number, end: number }} Func */

/**
 * @param {import('./elf.mjs').Elf} elf
 * @param {string} file  the same library, for objdump
 * @returns {Promise<{ functions: number, bytes: number }>} what was cut
 */
export async function cutGpuCode(elf, file) {
  const text = elf.section('.text');
  const pointers = elf.relativeRelocations();
  const tables = virtualTables(elf, pointers);
  const gpu = beginOfGpuCode(tables);
  if (gpu === undefined) return { functions: 0, bytes: 0 };
  const cold = endOfColdCode(elf, pointers);
  const isCandidate = (/** @type {number} */ address) =>
    (address >= text.address && address < cold) || (address >= gpu && address < text.address + text.size);
  const functions = new Functions(functionsOf(elf).filter(({ begin }) => isCandidate(begin)));

  const roots = pointersOfOthers(pointers, tables, isCandidate).map((address) => functions.around(address));
  /** @type {Map<Func, Set<Func>>} */
  const uses = new Map();
  for await (const [from, to] of references(file)) {
    const target = isCandidate(to) ? functions.around(to) : undefined;
    if (!target) continue;
    const user = isCandidate(from) ? functions.around(from) : undefined;
    if (user) uses.set(user, (uses.get(user) ?? new Set()).add(target));
    else roots.push(target);
  }
  const live = reachable(roots, uses);
  const dead = functions.all.filter((each) => each.begin >= gpu && !live.has(each));
  for (const { begin, end } of dead) {
    const at = begin - text.address + text.offset;
    elf.bytes.fill(TRAP, at, at + end - begin);
  }
  return { functions: dead.length, bytes: dead.reduce((sum, { begin, end }) => sum + end - begin, 0) };
}

/**
 * @param {(Func | undefined)[]} roots
 * @param {Map<Func, Set<Func>>} uses
 */
function reachable(roots, uses) {
  const queue = [...roots];
  const live = new Set();
  for (let each = queue.pop(); queue.length > 0 || each; each = queue.pop()) {
    if (!each || live.has(each)) continue;
    live.add(each);
    queue.push(...(uses.get(each) ?? []));
  }
  return live;
}

class Functions {
  /** @param {Func[]} all  by address */
  constructor(all) {
    this.all = all;
  }

  /** @param {number} address  @returns {Func | undefined} the one that has it */
  around(address) {
    let [low, high] = [0, this.all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.all[middle]?.end ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const found = this.all[low];
    return found && found.begin <= address ? found : undefined;
  }
}

/**
 * Every instruction that names an address: a call, a jump, or one relative to itself.
 * @param {string} file
 * @returns {AsyncGenerator<[number, number]>} from, to
 */
async function* references(file) {
  const objdump = spawn('objdump', ['-d', '--no-show-raw-insn', '-j', '.text', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(objdump, 'close');
  for await (const line of createInterface({ input: objdump.stdout })) {
    const colon = line.indexOf(':\t');
    if (colon < 0) continue;
    const hash = line.lastIndexOf('# ');
    const to =
      hash > 0
        ? Number.parseInt(line.slice(hash + 2), 16)
        : Number.parseInt(/^(?:bnd )?(?:call|j\w+) +([0-9a-f]+)/.exec(line.slice(colon + 2))?.[1] ?? '', 16);
    if (!Number.isNaN(to)) yield [Number.parseInt(line, 16), to];
  }
  const [status] = await ended;
  if (status !== 0) throw new Error(`objdump ended with status ${status}`);
}

/**
 * Virtual functions by the place of the pointer, with their class's name as the compiler mangles it.
 * @param {import('./elf.mjs').Elf} elf
 * @param {Map<number, number>} pointers
 */
function virtualTables(elf, pointers) {
  const text = elf.section('.text');
  const strings = elf.section('.rodata');
  /** @type {Map<number, string>} */
  const types = new Map();
  for (const [place, target] of pointers) {
    if (target < strings.address || target >= strings.address + strings.size) continue;
    const name = elf.text(target - strings.address + strings.offset);
    // A type begins eight bytes before the pointer to its name.
    if (/^\*?[A-Z0-9]\w{3,}$/.test(name)) types.set(place - 8, name);
  }
  /** @type {Map<number, { name: string, target: number }>} */
  const slots = new Map();
  for (const [place, target] of pointers) {
    const name = types.get(target);
    if (name === undefined) continue;
    for (let slot = place + 8; ; slot += 8) {
      const to = pointers.get(slot);
      if (to === undefined || to < text.address || to >= text.address + text.size) break;
      slots.set(slot, { name, target: to });
    }
  }
  return slots;
}

/**
 * The linker puts the GPU's objects last: where the last functions are that only its classes have.
 * @param {Map<number, { name: string, target: number }>} tables
 */
function beginOfGpuCode(tables) {
  /** @type {Map<number, boolean>} */
  const gpuOnly = new Map();
  for (const { name, target } of tables.values()) {
    if (SHARED_CLASS.test(name)) continue;
    gpuOnly.set(target, (gpuOnly.get(target) ?? true) && GPU_CLASS.test(name));
  }
  const sorted = [...gpuOnly.entries()].sort(([a], [b]) => a - b);
  const last = sorted.findLastIndex(([, gpu]) => !gpu);
  return sorted[last + 1]?.[0];
}

/**
 * The linker puts what is unlikely to run first, then what runs when the library is loaded.
 * @param {import('./elf.mjs').Elf} elf
 * @param {Map<number, number>} pointers
 */
function endOfColdCode(elf, pointers) {
  const { address, size } = elf.section('.init_array');
  const text = elf.section('.text').address;
  const startup = [...pointers].filter(([place]) => place >= address && place < address + size);
  return Math.min(...startup.map(([, target]) => target).filter((target) => target >= text));
}

/**
 * Targets of pointers in data that others than the GPU's classes and lists may follow: of a list it is enough that one
 * of its functions lies elsewhere.
 * @param {Map<number, number>} pointers
 * @param {Map<number, { name: string, target: number }>} tables
 * @param {(address: number) => boolean} isCandidate
 */
function pointersOfOthers(pointers, tables, isCandidate) {
  const foreign = (/** @type {number} */ place) => {
    const target = pointers.get(place);
    return target !== undefined && !isCandidate(target) && !tables.has(place);
  };
  return [...pointers]
    .filter(([place, target]) => {
      if (!isCandidate(target)) return false;
      const table = tables.get(place);
      return table ? !GPU_CLASS.test(table.name) : foreign(place - 8) || foreign(place + 8);
    })
    .map(([, target]) => target);
}

/**
 * Every function, from the table that exceptions are unwound by.
 * @param {import('./elf.mjs').Elf} elf
 * @returns {Func[]}
 */
function functionsOf({ bytes, ...elf }) {
  const header = elf.sections.get('.eh_frame_hdr');
  const frames = elf.sections.get('.eh_frame');
  if (!header || !frames) throw new Error('the library has no table of its functions');
  const at = header.offset;
  // Version 1, a count of four bytes, and pairs of distances from the header: what every linker writes.
  if (bytes.readUInt32BE(at) !== 0x011b033b) throw new Error('the table of functions has another form');
  const count = bytes.readUInt32LE(at + 8);
  return Array.from({ length: count }, (_, i) => {
    const begin = header.address + bytes.readInt32LE(at + 12 + 8 * i);
    const frame = header.address + bytes.readInt32LE(at + 16 + 8 * i);
    const size = bytes.readUInt32LE(frame - frames.address + frames.offset + 12);
    return { begin, end: begin + size };
  });
}
