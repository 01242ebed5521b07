// @ts-check
// Reads the properties that the export wrote into an ONNX file, because onnxruntime-web does not return them.
// A file is one protobuf message (ModelProto); its fields 14 are properties, each with a key (1) and a value (2).

/**
 * @typedef {number | readonly [height: number, width: number] | null} Sides
 * @typedef {{ classes?: readonly string[], scale?: Sides, crop?: Sides, mean?: readonly number[], std?: readonly number[] }} Metadata
 */

const [PROPERTIES, KEY, VALUE] = [14, 1, 2];
const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5];

/**
 * @param {Uint8Array} file
 * @returns {Metadata}
 */
export function metadataOf(file) {
  /** @type {Record<string, unknown>} */
  const metadata = {};
  const text = new TextDecoder();
  for (const { field, bytes } of fieldsOf(file)) {
    if (field !== PROPERTIES) continue;
    const entries = [...fieldsOf(bytes)].map(({ field: of, bytes: content }) => [of, text.decode(content)]);
    const { [KEY]: key = '', [VALUE]: value = '' } = Object.fromEntries(entries);
    try {
      metadata[key] = JSON.parse(value);
    } catch {
      // Another program's property.
    }
  }
  return metadata;
}

/**
 * The fields of a message that are bytes, others left out.
 * @param {Uint8Array} message
 * @returns {Generator<{ field: number, bytes: Uint8Array }>}
 */
function* fieldsOf(message) {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const kind = tag % 8;
    if (kind === VARINT) varint();
    else if (kind === FIXED64) at += 8;
    else if (kind === FIXED32) at += 4;
    else if (kind === BYTES) {
      const length = varint();
      yield { field: Math.floor(tag / 8), bytes: message.subarray(at, at + length) };
      at += length;
    } else throw new Error('this is not an ONNX file');
  }
}
