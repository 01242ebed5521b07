// The page: classifies a chosen photograph with a chosen model and fills the table. Its address may name both:
// ?model=URL&photograph=URL.
import * as ort from 'onnxruntime-web';
import { openModel } from './classify.js';

// Threads need headers that most static servers do not send.
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = new URL('./ort/', import.meta.url).href;

/** @type {Partial<Record<'model' | 'photograph', Blob>>} */
const chosen = {};

const [status, table, picture] = ['status', 'classes', 'picture'].map((id) => document.getElementById(id));

/** @param {string} text */
function say(text) {
  if (status) status.textContent = text;
}

/** @param {Blob} photograph */
async function pixelsOf(photograph) {
  const bitmap = await createImageBitmap(photograph, { colorSpaceConversion: 'none' });
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  if (!context) throw new Error('this browser has no canvas');
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}

async function show() {
  const { model, photograph } = chosen;
  if (!model || !photograph || !table) return;
  try {
    say('Looking …');
    if (picture instanceof HTMLImageElement) picture.src = URL.createObjectURL(photograph);
    const { classify } = await openModel(ort, new Uint8Array(await model.arrayBuffer()));
    const guesses = await classify(await pixelsOf(photograph));
    table.replaceChildren(
      ...guesses.map(({ name, probability }) => {
        const row = document.createElement('tr');
        for (const text of [name, `${(100 * probability).toFixed(2)} %`]) row.insertCell().textContent = text;
        return row;
      }),
    );
    say('The network sees:');
  } catch (error) {
    say(`That did not work: ${error instanceof Error ? error.message : error}`);
  }
}

for (const name of /** @type {const} */ (['model', 'photograph'])) {
  document.getElementById(name)?.addEventListener('change', ({ target }) => {
    if (target instanceof HTMLInputElement && target.files?.[0]) chosen[name] = target.files[0];
    void show();
  });
  const url = new URLSearchParams(location.search).get(name);
  if (url) chosen[name] = await (await fetch(url)).blob();
}
await show();
