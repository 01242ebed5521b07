// @ts-check
// Reads the sections and dependencies of a 64-bit little-endian shared library, and removes dependencies.

/**
 * @typedef {{ name: string, type: number, address: number, offset: number, size: number, header: number }}
 * Section
 * @typedef {{ file: string, versions: { name: string, index: number }[] }} VersionNeed
 * @typedef {{ name: string, at: number, defined: boolean, weak: boolean, version: number }} SymbolEntry
 */

const DT = { NULL: 0, NEEDED: 1, VERNEEDNUM: 0x6fffffff };
const GLOBAL_VERSION = 1;
const STB_WEAK = 2;

export class Elf {
  /** @param {Buffer} bytes  changed in place */
  constructor(bytes) {
    if (bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1) {
      throw new Error('not a 64-bit little-endian ELF file');
    }
    this.bytes = bytes;
    this.sections = this.#readSections();
  }

  #readSections() {
    const { bytes } = this;
    const [table, count, names] = [
      Number(bytes.readBigUInt64LE(0x28)),
      bytes.readUInt16LE(0x3c),
      bytes.readUInt16LE(0x3e),
    ];
    /** @param {number} index  @returns {Section & { nameAt: number }} */
    const section = (index) => {
      const header = table + 64 * index;
      return {
        name: '',
        nameAt: bytes.readUInt32LE(header),
        type: bytes.readUInt32LE(header + 4),
        address: Number(bytes.readBigUInt64LE(header + 16)),
        offset: Number(bytes.readBigUInt64LE(header + 24)),
        size: Number(bytes.readBigUInt64LE(header + 32)),
        header,
      };
    };
    const strings = section(names).offset;
    /** @type {Map<string, Section>} */
    const sections = new Map();
    for (let i = 0; i < count; ++i) {
      const { nameAt, ...rest } = section(i);
      const name = this.text(strings + nameAt);
      sections.set(name, { ...rest, name });
    }
    return sections;
  }

  /** @param {number} offset  of bytes that end with a zero */
  text(offset) {
    return this.bytes.toString('latin1', offset, this.bytes.indexOf(0, offset));
  }

  /** @param {string} name  @returns {Section} */
  section(name) {
    const found = this.sections.get(name);
    if (!found) throw new Error(`the library has no section ${name}`);
    return found;
  }

  /** Tag, value and place of each dynamic entry. */
  dynamic() {
    const { offset, size } = this.section('.dynamic');
    const entries = [];
    for (let at = offset; at < offset + size; at += 16) {
      const tag = Number(this.bytes.readBigInt64LE(at));
      if (tag === DT.NULL) break;
      entries.push({ tag, value: Number(this.bytes.readBigUInt64LE(at + 8)), at });
    }
    return entries;
  }

  /** Names of the libraries that are loaded with this one. */
  needed() {
    const strings = this.section('.dynstr').offset;
    return this.dynamic()
      .filter(({ tag }) => tag === DT.NEEDED)
      .map(({ value }) => this.text(strings + value));
  }

  /** @returns {VersionNeed[]} the symbol versions that are needed, by library */
  versionNeeds() {
    const section = this.sections.get('.gnu.version_r');
    if (!section) return [];
    const { bytes } = this;
    const strings = this.section('.dynstr').offset;
    const needs = [];
    for (let at = section.offset; ; ) {
      const [count, next] = [bytes.readUInt16LE(at + 2), bytes.readUInt32LE(at + 12)];
      const versions = [];
      let aux = at + bytes.readUInt32LE(at + 8);
      for (let i = 0; i < count; ++i) {
        versions.push({
          name: this.text(strings + bytes.readUInt32LE(aux + 8)),
          index: bytes.readUInt16LE(aux + 6),
        });
        aux += bytes.readUInt32LE(aux + 12);
      }
      needs.push({ file: this.text(strings + bytes.readUInt32LE(at + 4)), versions });
      if (next === 0) return needs;
      at += next;
    }
  }

  /** @returns {SymbolEntry[]} the dynamic symbols */
  symbols() {
    const { bytes } = this;
    const { offset, size } = this.section('.dynsym');
    const strings = this.section('.dynstr').offset;
    const versions = this.sections.get('.gnu.version');
    return Array.from({ length: size / 24 }, (_, i) => {
      const at = offset + 24 * i;
      return {
        name: this.text(strings + bytes.readUInt32LE(at)),
        at,
        defined: bytes.readUInt16LE(at + 6) !== 0,
        weak: bytes.readUInt8(at + 4) >> 4 === STB_WEAK,
        version: versions ? bytes.readUInt16LE(versions.offset + 2 * i) & 0x7fff : GLOBAL_VERSION,
      };
    });
  }

  /**
   * Lets the library load without some of its dependencies. Their symbols become weak: null unless another
   * library defines them, so calling them crashes.
   * @param {Map<string, Set<string>>} libraries  symbols of each library to leave out, by its name
   * @returns {string[]} the symbols that have become weak
   */
  leaveOut(libraries) {
    const needs = this.versionNeeds();
    const dropped = new Set(
      needs
        .filter(({ file }) => libraries.has(file))
        .flatMap(({ versions }) => versions.map(({ index }) => index)),
    );
    const all = new Set([...libraries.values()].flatMap((names) => [...names]));
    const versions = this.sections.get('.gnu.version');
    const symbols = this.symbols();
    const weakened = symbols.filter(({ name, defined, version }) => {
      return !defined && (dropped.has(version) || (version <= GLOBAL_VERSION && all.has(name)));
    });
    const first = this.section('.dynsym').offset;
    for (const { at } of weakened) {
      this.bytes[at + 4] = (STB_WEAK << 4) | ((this.bytes[at + 4] ?? 0) & 0xf);
      if (versions) this.bytes.writeUInt16LE(GLOBAL_VERSION, versions.offset + ((at - first) / 24) * 2);
    }
    this.#dropVersionNeeds(libraries);
    this.#dropNeeded(libraries);
    return weakened.map(({ name }) => name);
  }

  /** @param {Map<string, unknown>} libraries */
  #dropNeeded(libraries) {
    const { offset, size } = this.section('.dynamic');
    const strings = this.section('.dynstr').offset;
    const kept = this.dynamic()
      .filter(({ tag, value }) => tag !== DT.NEEDED || !libraries.has(this.text(strings + value)))
      .map(({ at }) => Buffer.from(this.bytes.subarray(at, at + 16)));
    this.bytes.fill(0, offset, offset + size);
    for (const [i, entry] of kept.entries()) entry.copy(this.bytes, offset + 16 * i);
  }

  /** @param {Map<string, unknown>} libraries */
  #dropVersionNeeds(libraries) {
    const section = this.sections.get('.gnu.version_r');
    if (!section) return;
    const { bytes } = this;
    const strings = this.section('.dynstr').offset;
    /** @type {Buffer[]} */
    const kept = [];
    for (let at = section.offset; ; ) {
      const [count, next] = [bytes.readUInt16LE(at + 2), bytes.readUInt32LE(at + 12)];
      if (!libraries.has(this.text(strings + bytes.readUInt32LE(at + 4)))) {
        const entry = Buffer.alloc(16 + 16 * count);
        bytes.copy(entry, 0, at, at + 16);
        entry.writeUInt32LE(16, 8);
        let aux = at + bytes.readUInt32LE(at + 8);
        for (let i = 0; i < count; ++i) {
          bytes.copy(entry, 16 + 16 * i, aux, aux + 16);
          entry.writeUInt32LE(i + 1 < count ? 16 : 0, 16 + 16 * i + 12);
          aux += bytes.readUInt32LE(aux + 12);
        }
        kept.push(entry);
      }
      if (next === 0) break;
      at += next;
    }
    for (const [i, entry] of kept.entries()) entry.writeUInt32LE(i + 1 < kept.length ? entry.length : 0, 12);
    const table = Buffer.concat(kept);
    bytes.fill(0, section.offset, section.offset + section.size);
    table.copy(bytes, section.offset);
    bytes.writeBigUInt64LE(BigInt(table.length), section.header + 32);
    bytes.writeUInt32LE(kept.length, section.header + 44);
    for (const { tag, at } of this.dynamic()) {
      if (tag === DT.VERNEEDNUM) bytes.writeBigUInt64LE(BigInt(kept.length), at + 8);
    }
    this.sections = this.#readSections();
  }
}

/**
 * The newest symbol version with this prefix that files need, such as 2.34 for `GLIBC`.
 * @param {Elf[]} files
 * @param {string} prefix
 * @returns {string | undefined}
 */
export function newestVersion(files, prefix) {
  const names = files.flatMap((elf) =>
    elf.versionNeeds().flatMap(({ versions }) => versions.map(({ name }) => name)),
  );
  const versions = names
    .filter((name) => name.startsWith(`${prefix}_`))
    .map((name) =>
      name
        .slice(prefix.length + 1)
        .split('.')
        .map(Number),
    );
  versions.sort((a, b) => {
    const at = [0, 1, 2].find((i) => (a[i] ?? 0) !== (b[i] ?? 0)) ?? 0;
    return (a[at] ?? 0) - (b[at] ?? 0);
  });
  return versions.at(-1)?.join('.');
}
