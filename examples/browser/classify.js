// @ts-check
// Classifies an image with an exported network, in a page or in Node.
import { metadataOf } from './metadata.js';
import { cropped } from './resize.js';

/**
 * An image as a canvas gives it: RGBA, 8 bits each.
 * @typedef {{ data: Uint8Array | Uint8ClampedArray, width: number, height: number }} Pixels
 * @typedef {{ name: string, probability: number }} Guess
 */

/** ImageNet's, for a file that does not say. */
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

/**
 * Opens an exported network.
 * @param {typeof import('onnxruntime-web')} ort
 * @param {Uint8Array} file  of the .onnx file
 */
export async function openModel(ort, file) {
  const session = await ort.InferenceSession.create(file);
  const { classes = [], scale = null, crop = 224, mean = MEAN, std = STD } = metadataOf(file);
  const [input = '', output = ''] = [session.inputNames[0], session.outputNames[0]];
  const [signal] = session.inputMetadata;
  const takesBytes = signal?.isTensor === true && signal.type === 'uint8';

  /**
   * The most probable classes of an image.
   * @param {Pixels} image
   * @param {number} top
   * @returns {Promise<Guess[]>}
   */
  async function classify(image, top = 5) {
    const { rgb, width, height } = cropped(image, scale, crop);
    const tensor = takesBytes
      ? new ort.Tensor('uint8', rgb, [1, height, width, 3])
      : new ort.Tensor('float32', normalized(rgb, mean, std), [1, 3, height, width]);
    const outputs = await session.run({ [input]: tensor });
    const logits = /** @type {Float32Array} */ (outputs[output]?.data);
    return [...softmax(logits)]
      .map((probability, label) => ({ name: classes[label] ?? `output ${label}`, probability }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, top);
  }
  return { classes, classify };
}

/**
 * RGB of 8 bits, H×W×3, as 3×H×W numbers with the mean and the deviation that the network was trained with.
 * @param {Uint8Array} rgb
 * @param {readonly number[]} mean
 * @param {readonly number[]} std
 */
function normalized(rgb, mean, std) {
  const area = rgb.length / 3;
  return Float32Array.from(rgb, (_, i) => {
    const channel = Math.floor(i / area);
    const value = (rgb[(i % area) * 3 + channel] ?? 0) / 255;
    return (value - (mean[channel] ?? 0)) / (std[channel] ?? 1);
  });
}

/** @param {Float32Array} logits */
function softmax(logits) {
  const highest = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = logits.map((value) => Math.exp(value - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
