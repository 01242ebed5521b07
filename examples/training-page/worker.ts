/** The page's worker: fetches the files, trains, and passes every report on. */
import { type Report, type Settings, train } from './training.js';

/** The part of the DOM that a worker has. */
interface Scope {
  onmessage: ((message: { readonly data: Settings }) => void) | null;
  postMessage(news: Report | { readonly kind: 'failure'; readonly message: string }): void;
}
const scope = globalThis as unknown as Scope;

scope.onmessage = async ({ data }) => {
  try {
    const [wasm, images, labels] = await Promise.all([
      fetched('inplace_abn.wasm'),
      fetched('train-images-idx3-ubyte.gz'),
      fetched('train-labels-idx1-ubyte.gz'),
    ]);
    await train({ wasm, images, labels }, data, (news) => scope.postMessage(news));
  } catch (error) {
    scope.postMessage({ kind: 'failure', message: error instanceof Error ? error.message : String(error) });
  }
};

async function fetched(name: string): Promise<Uint8Array> {
  const response = await fetch(name);
  if (!response.ok || !response.body) throw new Error(`${name} is not there: status ${response.status}`);
  const body = name.endsWith('.gz')
    ? response.body.pipeThrough(new DecompressionStream('gzip'))
    : response.body;
  return new Uint8Array(await new Response(body).arrayBuffer());
}
