// @ts-check
import { cpu, programOf, Store, statesOf, trace } from '@inplace-abn/core';
import { EVALUATION } from '@inplace-abn/nn';
import { initialStateOf, networkOf } from '@inplace-abn/recipes';
import { minstd, storedImages } from './images.mjs';
import { resnet50Config } from './training.mjs';

/** @typedef {import('./training.mjs').Precision} Precision */

const SIDE = 224;

/**
 * ResNet-50 from float32 images to logits, with states from a fixed stream. Statistics and scales are random too, so
 * that a network that ignores them gives other logits.
 * @param {number} batch
 */
export function resnet50Inference(batch) {
  const { network: section, seed } = resnet50Config(batch, 'float32', SIDE);
  const network = networkOf(section);
  const graphOf = (/** @type {import('@inplace-abn/nn').Mode} */ mode) =>
    trace((tracer) => ({ logits: network.call(tracer.input('x', [batch, 3, SIDE, SIDE], 'float32'), mode) }));
  const graph = graphOf(EVALUATION);
  // Training's forward pass alone: batch statistics and updated running averages, but no gradients.
  const training = graphOf({ ...EVALUATION, training: true });
  const store = new Store(cpu(), statesOf(graph, training));
  for (const [name, { data }] of initialStateOf(network, section, seed)) store.write(name, data);
  drawLayers(store);
  return { module: network, shape: [3, SIDE, SIDE], graph, training, store };
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
 * Returns a function that runs the graph once on fixed images and resolves to seconds, and the logits of the
 * last run.
 * @param {{ graph: import('@inplace-abn/core').Graph, store: Store }} network
 * @param {number} batch
 * @param {Precision} precision
 */
export function runner({ graph, store }, batch, precision) {
  const program = programOf(graph, { store, precision });
  const x = storedImages(batch);
  const run = async () => {
    const start = performance.now();
    const { outputs } = await program.run({ x });
    return { seconds: (performance.now() - start) / 1000, logits: outputs.logits };
  };
  return { plan: program.plan, program, run };
}
