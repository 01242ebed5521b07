/** Names come from foreign files and checkpoints: they must not control the terminal or forge a line. */

/**
 * Control characters, line separators, bidirectional controls, lone surrogates, and other invisible
 * characters except those that words and emoji need.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u00ad\u200c\u200d])\p{Cf}/gu;

/**
 * Escapes unprintable characters of a name, as `\x1b` or `\u202e`; a byte that is not UTF-8 becomes `\xe4`.
 */
export function printable(name: string): string {
  return name.replaceAll(UNPRINTABLE, escaped);
}

/** Like `printable`, for text of several lines: keeps line feeds and tabs. */
export function printableLines(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) =>
    /[\n\t]/.test(character) ? character : escaped(character),
  );
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  // File names hold bytes that are not UTF-8 as lone surrogates (systemPath in @inplace-abn/data).
  const byte = code >= 0xdc80 && code <= 0xdcff ? code - 0xdc00 : code;
  const digits = byte.toString(16);
  if (byte <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\u{${digits}}`;
}
