// @ts-check
import { cpu, programOf, Store, statesOf, trace } from '@inplace-abn/core';
import { EVALUATION } from '@inplace-abn/nn';
import { initialStateOf, networkOf } from '@inplace-abn/recipes';
import { minstd, storedImages } from './images.mjs';
import { resnet50Config } from './training.mjs';

/** @typedef {import('./training.mjs').Precision} Precision */

const SIDE = 224;

/**
 * ResNet-50 from float32 images to logits, with states from a fixed stream. Statistics and scales are random
 * too, so that a network that ignores them gives other logits. `training` is the forward pass of training
 * alone: batch statistics and updated running averages, no gradients. It has separate states, because each of
 * its runs changes them, and evaluation would otherwise prepare its weights again in every turn.
 * @param {number} batch
 * @param {number} [side]  of the images
 */
export function resnet50Inference(batch, side = SIDE) {
  const { network: section, seed } = resnet50Config(batch, 'float32', side);
  const module = networkOf(section);
  const shape = [3, side, side];
  const states = initialStateOf(module, section, seed);
  const network = (/** @type {import('@inplace-abn/nn').Mode} */ mode) => {
    const graph = trace((tracer) => ({
      logits: module.call(tracer.input('x', [batch, ...shape], 'float32'), mode),
    }));
    const store = new Store(cpu(), statesOf(graph));
    for (const { name } of store.specs) {
      const state = states.get(name);
      if (state) store.write(name, state.data);
    }
    drawLayers(store);
    return { graph, store };
  };
  return { module, shape, ...network(EVALUATION), training: network({ ...EVALUATION, training: true }) };
}

/** @param {Store} store */
function drawLayers(store) {
  const random = minstd(3);
  const uniform = (/** @type {number} */ low, /** @type {number} */ high) =>
    low + ((high - low) * random()) / 2 ** 23;
  for (const { name, shape } of store.specs) {
    const [width = 0] = shape;
    const draw = (/** @type {number} */ low, /** @type {number} */ high) =>
      store.write(
        name,
        Float32Array.from({ length: width }, () => uniform(low, high)),
      );
    if (name.endsWith('.running_mean')) draw(-0.2, 0.2);
    if (name.endsWith('.running_var')) draw(0.8, 1.5);
    if (/bn\d*\.weight$/.test(name)) draw(0.3, 0.9);
    if (/bn\d*\.bias$/.test(name)) draw(-0.1, 0.1);
  }
}

/**
 * Returns a function that runs a graph once on fixed images and resolves to seconds, and the logits of the
 * last run.
 * @param {{ graph: ReturnType<typeof resnet50Inference>['graph'], store: Store }} network
 * @param {number} batch
 * @param {Precision} precision
 * @param {number} [side]  of the images
 */
export function runner({ graph, store }, batch, precision, side) {
  const program = programOf(graph, { store, precision });
  const x = storedImages(batch, side);
  const run = async () => {
    const start = performance.now();
    const { outputs } = await program.run({ x });
    return { seconds: (performance.now() - start) / 1000, logits: outputs.logits };
  };
  return { plan: program.plan, program, run };
}
