// @ts-check
// Sessions for pictures of plans. Needs a build (npm run build); nothing of what is planned is allocated.

const load = (/** @type {string} */ name) => import(`../../packages/${name}/dist/index.js`);

/**
 * Plans training steps of ResNet-50 with in-place ABN, 1000 classes at 224×224.
 * @param {string | number} [memory]  bytes for weights, optimizer state and arena
 */
export async function resnet50(memory) {
  const [{ createNetwork }, { InPlaceABN }, { sgd }, { crossEntropy, Session }] = await Promise.all(
    ['models', 'nn', 'optim', 'session'].map(load),
  );
  const normAct = (/** @type {number} */ channels, /** @type {object} */ options) =>
    new InPlaceABN(channels, options);
  return new Session(createNetwork('resnet50', { normAct, classes: 1000 }), {
    input: { shape: [3, 224, 224] },
    loss: crossEntropy(),
    optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }),
    ...(memory === undefined ? {} : { memory }),
  });
}
