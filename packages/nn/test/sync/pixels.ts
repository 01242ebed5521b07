/**
 * One layer that outputs class scores per pixel: its result for rows of pixels, however they are split into
 * images.
 */
import { compile, crossEntropy, gradients, Program, Store, statesOf, trace } from '@inplace-abn/core';
import type { Module } from '@inplace-abn/nn';
import { testDevice } from './device.js';

export interface Pixels {
  /** N×C×…, stored channels last. */
  readonly shape: readonly number[];
  readonly x: Float32Array;
  /** One class per pixel. */
  readonly labels: Int32Array;
  /** Pixels over all processes. */
  readonly total: number;
}

export interface PixelOutcome {
  readonly z: Float32Array;
  readonly dx: Float32Array;
  readonly running: readonly number[];
}

export async function runPixels(layer: Module, { shape, x, labels, total }: Pixels): Promise<PixelOutcome> {
  const graph = trace((tracer) => {
    const input = tracer.input('x', shape, 'float32');
    const z = layer.call(input, { training: true });
    const area = shape.filter((_, axis) => axis !== 1);
    const count = tracer.input('count', [], 'float32');
    const loss = crossEntropy(z, tracer.input('labels', area, 'int32'), { count });
    const [dx = loss] = gradients(loss, [input]);
    return { z, dx: dx ?? loss };
  });
  const plan = compile(graph, testDevice());
  const store = new Store(testDevice(), statesOf(graph));
  store.write('weight', new Float32Array(shape[1] ?? 1).fill(-0.8));
  store.write('bias', new Float32Array(shape[1] ?? 1));
  const program = new Program(plan, testDevice(), store, testDevice().allocate(plan.arenaBytes));
  const { outputs } = await program.run({ x, labels, count: Float32Array.of(total) });
  const running = ['running_mean', 'running_var'].flatMap((name) =>
    Array.from(store.read(name).data, Number),
  );
  return { z: outputs.z as Float32Array, dx: outputs.dx as Float32Array, running };
}
