/** First bytes of files, the more specific before the others. */
const SIGNATURES: readonly (readonly [format: string, at: number, bytes: string])[] = [
  ['jpeg', 0, '\xff\xd8\xff'],
  ['png', 0, '\x89PNG'],
  ['gif', 0, 'GIF8'],
  ['webp', 8, 'WEBP'],
  ['avif', 4, 'ftypavi'],
  ['heif', 4, 'ftyp'],
  ['tiff', 0, 'II*\0'],
  ['tiff', 0, 'MM\0*'],
  ['bmp', 0, 'BM'],
  ['jxl', 0, '\xff\x0a'],
  ['jxl', 4, 'JXL '],
  ['jp2', 4, 'jP  '],
  ['psd', 0, '8BPS'],
  ['pdf', 0, '%PDF'],
  ['zip', 0, 'PK\x03\x04'],
  ['gzip', 0, '\x1f\x8b'],
  ['html', 0, '<!DOCTYPE html'],
  ['html', 0, '<!doctype html'],
  ['html', 0, '<html'],
  ['xml', 0, '<?xml'],
  ['svg', 0, '<svg'],
  ['ppm', 0, 'P6'],
  ['pgm', 0, 'P5'],
];

const LONGEST = SIGNATURES.reduce((most, [, at, bytes]) => Math.max(most, at + bytes.length), 0);

const DECODED = new Set(['jpeg', 'png', 'gif', 'webp', 'avif', 'tiff', 'bmp']);

/** The format of a file by its first bytes, such as `jpeg`; `unknown` where none is recognized. */
export function formatOf(content: Buffer): string {
  const start = content.toString('latin1', 0, LONGEST);
  const found = SIGNATURES.find(([, at, bytes]) => start.startsWith(bytes, at));
  return found?.[0] ?? 'unknown';
}

/** The reason why content cannot be decoded; undefined if there is a decoder for its format. */
export function foreignFormat(content: Buffer): string | undefined {
  const format = formatOf(content);
  if (DECODED.has(format)) return undefined;
  if (content.length === 0) return 'it is empty';
  const which = format === 'unknown' ? 'in an unknown format' : `${format}, which is not supported`;
  return `it is ${which}: expected jpg, png, webp, avif, tiff, gif or bmp`;
}
