// Images that look alike to a network: pooled features and their cosine.  npm run example -- nearest-neighbors [IMAGES]
import { createNetwork } from '@inplace-abn/models';
import { InPlaceABN, type NormAct } from '@inplace-abn/nn';
import { Session } from '@inplace-abn/session';

const count = Number(process.argv[2] ?? 64);
const side = 32;
const normAct: NormAct = (channels, options) => new InPlaceABN(channels, options);
const net = createNetwork('resnet18', { normAct, classes: 10, stem: 'small', width: 0.25 });
const session = new Session(net, { input: { shape: [3, side, side] } }); // await session.load(…) for weights

/** Stripes of one of eight directions, and noise. */
const images = Float32Array.from({ length: count * side * side * 3 }, (_, i) => {
  const pixel = Math.floor(i / 3);
  const [x, y, image] = [pixel % side, Math.floor(pixel / side) % side, Math.floor(pixel / side / side)];
  const angle = ((image % 8) * Math.PI) / 8;
  return Math.sin(x * Math.cos(angle) + y * Math.sin(angle)) + 0.3 * Math.random();
});
const { 'classifier.avg_pool': pooled } = await session.features(images, ['classifier.avg_pool']);
const width = pooled.data.length / count;
const vectors = Array.from({ length: count }, (_, i) => pooled.data.subarray(i * width, (i + 1) * width));
const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, k) => sum + value * (b[k] ?? 0), 0);
const cosine = (a: Float32Array, b: Float32Array) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

let right = 0;
for (const [i, vector] of vectors.entries()) {
  const near = vectors.map((other, j) => (i === j ? -1 : cosine(vector, other)));
  right += Number(near.indexOf(Math.max(...near)) % 8 === i % 8);
}
console.log(`${right} of ${count} images have a nearest neighbor with stripes of the same direction`);
