// The IDX format of the MNIST family: big-endian magic number and dimensions, then bytes.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const IMAGES_MAGIC = 0x0803;
const LABELS_MAGIC = 0x0801;

/**
 * Reads gzipped IDX images.
 * @param {string} path
 * @returns {{ count: number, height: number, width: number, data: Uint8Array }} count × height × width bytes
 */
export function readIdxImages(path) {
  const content = readContent(path, IMAGES_MAGIC, 16);
  const [count, height, width] = [4, 8, 12].map((offset) => content.readUInt32BE(offset));
  checkLength(path, content.length - 16, count * height * width);
  return { count, height, width, data: content.subarray(16) };
}

/**
 * Reads gzipped IDX labels.
 * @param {string} path
 * @returns {Uint8Array} one label per image
 */
export function readIdxLabels(path) {
  const content = readContent(path, LABELS_MAGIC, 8);
  checkLength(path, content.length - 8, content.readUInt32BE(4));
  return content.subarray(8);
}

function readContent(path, magic, headerBytes) {
  let content;
  try {
    content = gunzipSync(readFileSync(path));
  } catch (error) {
    throw new Error(`Cannot read ${path}: ${error.message}`);
  }
  if (content.length < headerBytes || content.readUInt32BE(0) !== magic) {
    throw new Error(`${path} is not an IDX file of the expected kind (magic number ${magic})`);
  }
  return content;
}

function checkLength(path, received, expected) {
  if (received !== expected) {
    throw new Error(`${path} is damaged: expected ${expected} bytes of data but found ${received}`);
  }
}
