/**
 * One layer that outputs class scores per pixel: its result for rows of pixels, however they are split into
 * images.
 */
import { crossEntropy, gradients, programOf, trace } from '@inplace-abn/core';
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
    const z = layer.call(input, { training: true }).as('float32');
    const area = shape.filter((_, axis) => axis !== 1);
    const count = tracer.input('count', [], 'float32');
    const loss = crossEntropy(z, tracer.input('labels', area, 'int32'), { count });
    const [dx = loss] = gradients(loss, [input]);
    return { z, dx: dx ?? loss };
  });
  const states = {
    weight: new Float32Array(shape[1] ?? 1).fill(-0.8),
    bias: new Float32Array(shape[1] ?? 1),
  };
  const program = programOf(graph, { device: testDevice(), states });
  const { outputs } = await program.run({ x, labels, count: Float32Array.of(total) });
  const running = ['running_mean', 'running_var'].flatMap((name) =>
    Array.from(program.store.read(name).data, Number),
  );
  return { z: outputs.z, dx: outputs.dx, running };
}
