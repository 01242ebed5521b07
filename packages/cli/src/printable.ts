/** Names come from files and checkpoints of anybody: nothing in them may steer a terminal or forge a line. */

/**
 * Controls, separators of lines, what turns the direction of writing, other characters that cannot be seen (but for those that
 * words and emoji need), and surrogates alone.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u00ad\u200c\u200d])\p{Cf}/gu;

/** A name, with escapes such as `\x1b` and `\u202e` for what must not reach a terminal; a byte that is no UTF-8 is `\xe4`. */
export function printable(name: string): string {
  return name.replaceAll(UNPRINTABLE, escaped);
}

/** A text of several lines, in which names may stand: as `printable`, but for line feeds and tabs. */
export function printableLines(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) =>
    /[\n\t]/.test(character) ? character : escaped(character),
  );
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  // File names in strings hold other bytes as lone surrogates (systemPath in @inplace-abn/data).
  const byte = code >= 0xdc80 && code <= 0xdcff ? code - 0xdc00 : code;
  const digits = byte.toString(16);
  if (byte <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\u{${digits}}`;
}
