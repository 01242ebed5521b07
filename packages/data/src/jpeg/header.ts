// Parses JPEG headers (ITU-T T.81, annex B), limited to what photographs commonly contain.

export interface JpegComponent {
  readonly h: number;
  readonly v: number;
  /** Quantization steps in zigzag order. */
  readonly quant: Uint16Array;
  readonly dc: HuffmanCode;
  readonly ac: HuffmanCode;
}

/** Number of codes of each length from 1 to 16 bits, and the symbols in code order. */
export interface HuffmanCode {
  readonly counts: Uint8Array;
  readonly symbols: Uint8Array;
}

export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** One (gray) or three (YCbCr). */
  readonly components: readonly JpegComponent[];
  /** MCUs between restart markers; 0 if there are none. */
  readonly restartInterval: number;
  /** Offset of the scan's data. */
  readonly scan: number;
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly components: readonly { id: number; h: number; v: number; quant: number }[];
}

/** State while markers are read. */
interface Tables {
  readonly quant: (Uint16Array | undefined)[];
  readonly dc: (HuffmanCode | undefined)[];
  readonly ac: (HuffmanCode | undefined)[];
  restartInterval: number;
  frame: Frame | undefined;
  jfif: boolean;
  /** The color transform named by Adobe's APP14 segment. */
  adobe: number | undefined;
}

/** Larger images go to the general decoder, which has its own limit: a header may claim any size. */
const LARGEST_PIXELS = 2 ** 26;

const SOF0 = 0xc0;
const SOF1 = 0xc1;
const DHT = 0xc4;
const SOS = 0xda;
const DQT = 0xdb;
const DRI = 0xdd;
const APP0 = 0xe0;
const APP1 = 0xe1;
const APP14 = 0xee;
const COM = 0xfe;

/**
 * Reads the headers of a baseline JPEG with one scan, gray or YCbCr, chroma full or halved, upright, and
 * ending with EOI. Undefined for anything else, damaged files included; those go to a general decoder.
 */
export function readJpegHeader(file: Uint8Array): JpegHeader | undefined {
  const n = file.length;
  if (n < 4 || word(file, 0) !== 0xffd8 || word(file, n - 2) !== 0xffd9) return undefined;
  const tables: Tables = {
    quant: [],
    dc: [],
    ac: [],
    restartInterval: 0,
    frame: undefined,
    jfif: false,
    adobe: undefined,
  };
  for (let at = 2; at + 4 <= n; ) {
    if (file[at] !== 0xff) return undefined;
    const marker = file[at + 1] ?? 0;
    const end = at + 2 + word(file, at + 2);
    if (end > n) return undefined;
    const segment = file.subarray(at + 4, end);
    if (marker === SOS) return finish(segment, tables, end);
    if (!readSegment(marker, segment, tables)) return undefined;
    at = end;
  }
  return undefined;
}

/** Parses a segment; false if it is damaged or not supported. */
function readSegment(marker: number, segment: Uint8Array, tables: Tables): boolean {
  switch (marker) {
    case SOF0:
    case SOF1:
      if (tables.frame) return false;
      tables.frame = readFrame(segment);
      return tables.frame !== undefined;
    case DHT:
      return readHuffman(segment, tables);
    case DQT:
      return readQuantization(segment, tables);
    case DRI:
      tables.restartInterval = word(segment, 0);
      return segment.length === 2;
    case APP0:
      tables.jfif ||= startsWith(segment, 'JFIF\0');
      return true;
    case APP1:
      return !startsWith(segment, 'Exif\0') || isUpright(segment.subarray(6));
    case APP14:
      if (startsWith(segment, 'Adobe') && segment.length >= 12) tables.adobe = segment[11];
      return true;
    default:
      return marker === COM || (marker > APP0 && marker <= 0xef);
  }
}

function readFrame(segment: Uint8Array): Frame | undefined {
  const count = segment[5] ?? 0;
  const height = word(segment, 1);
  const width = word(segment, 3);
  if (segment[0] !== 8 || (count !== 1 && count !== 3) || segment.length !== 6 + 3 * count) return undefined;
  if (width === 0 || height === 0 || width * height > LARGEST_PIXELS) return undefined;
  const components = Array.from({ length: count }, (_, i) => {
    const [id = 0, sampling = 0, quant = 0] = segment.subarray(6 + 3 * i);
    return { id, h: sampling >> 4, v: sampling & 15, quant };
  });
  return { width, height, components };
}

function readHuffman(segment: Uint8Array, tables: Tables): boolean {
  let at = 0;
  while (at + 17 <= segment.length) {
    const kind = segment[at] ?? 0;
    const counts = segment.subarray(at + 1, at + 17);
    const total = counts.reduce((sum, count) => sum + count, 0);
    const symbols = segment.subarray(at + 17, at + 17 + total);
    if (symbols.length !== total || total > 256 || (kind & 0xec) !== 0) return false;
    (kind >> 4 === 0 ? tables.dc : tables.ac)[kind & 15] = { counts, symbols };
    at += 17 + total;
  }
  return at === segment.length;
}

function readQuantization(segment: Uint8Array, tables: Tables): boolean {
  let at = 0;
  while (at < segment.length) {
    const kind = segment[at] ?? 0;
    const bytes = kind >> 4 === 0 ? 1 : 2;
    if (kind >> 4 > 1 || (kind & 15) > 3 || at + 1 + 64 * bytes > segment.length) return false;
    const start = at + 1;
    tables.quant[kind & 15] = Uint16Array.from({ length: 64 }, (_, i) =>
      bytes === 1 ? (segment[start + i] ?? 0) : word(segment, start + 2 * i),
    );
    at += 1 + 64 * bytes;
  }
  return true;
}

function finish(segment: Uint8Array, tables: Tables, scan: number): JpegHeader | undefined {
  const { frame, restartInterval } = tables;
  if (
    !frame ||
    segment[0] !== frame.components.length ||
    segment.length !== 4 + 2 * frame.components.length
  ) {
    return undefined;
  }
  const components: JpegComponent[] = [];
  for (const [i, { id, h, v, quant: table }] of frame.components.entries()) {
    const [selector, codes = 0] = segment.subarray(1 + 2 * i);
    const [quant, dc, ac] = [tables.quant[table], tables.dc[codes >> 4], tables.ac[codes & 15]];
    if (selector !== id || !quant || !dc || !ac) return undefined;
    components.push({ h, v, quant, dc, ac });
  }
  const header = { width: frame.width, height: frame.height, components, restartInterval, scan };
  return isColorCommon(frame, tables) && isSamplingCommon(header) ? header : undefined;
}

/** True for gray and for YCbCr, told apart as in libjpeg. */
function isColorCommon({ components }: Frame, { jfif, adobe }: Tables): boolean {
  if (components.length === 1 || jfif) return true;
  if (adobe !== undefined) return adobe === 1;
  return components.every(({ id }, i) => id === i + 1);
}

/** Chroma full, halved in width, or halved in both; not so narrow that libjpeg upsamples differently. */
function isSamplingCommon({ components, width }: JpegHeader): boolean {
  const [luma, ...chroma] = components;
  if (!luma || chroma.length === 0) return luma !== undefined;
  const whole = luma.h === 1 && luma.v === 1;
  const halved = luma.h === 2 && (luma.v === 1 || luma.v === 2) && width > 4;
  return (whole || halved) && chroma.every(({ h, v }) => h === 1 && v === 1);
}

/** True if the EXIF orientation is upright; false if in doubt. */
function isUpright(tiff: Uint8Array): boolean {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.length);
  if (tiff.length < 8) return false;
  const little = view.getUint16(0) === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return false;
  const entries = view.getUint16(directory, little);
  if (directory + 2 + 12 * entries > tiff.length) return false;
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i;
    if (view.getUint16(entry, little) === 0x0112) return view.getUint16(entry + 8, little) === 1;
  }
  return true;
}

function startsWith(segment: Uint8Array, text: string): boolean {
  return Buffer.from(segment.buffer, segment.byteOffset, segment.length)
    .subarray(0, text.length)
    .equals(Buffer.from(text));
}

/** A big-endian 16-bit number; 0 beyond the end. */
function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
