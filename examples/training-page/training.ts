/**
 * Trains the demo's network on Fashion-MNIST in WebAssembly, and reports as it goes: in a page's worker, or
 * in Node.
 */
import { cpu, loadWasm, type MemoryMap, memoryMapOf, type PreparedKernel } from '@inplace-abn/core';
import { createNetwork } from '@inplace-abn/models';
import { InPlaceABN, type NormAct } from '@inplace-abn/nn';
import { sgd } from '@inplace-abn/optim';
import { accuracy, crossEntropy, Session } from '@inplace-abn/session';
import { renderMemoryMapSvg } from '@inplace-abn/train';
import { type Watcher, watched } from './watched-device.js';

const [SIDE, CLASSES] = [28, 10];
const [IMAGES_HEADER, LABELS_HEADER] = [16, 8];
/**
 * Parts of a step. More would slow it down, because the code between two parts is cold after a large kernel.
 */
const PARTS = 20;

/** Contents of the files, unpacked. */
export interface Files {
  /** `inplace_abn.wasm`. */
  readonly wasm: Uint8Array;
  readonly images: Uint8Array;
  readonly labels: Uint8Array;
}

export interface Settings {
  /** Images to use; the last eighth is for validation. */
  readonly samples: number;
  readonly epochs: number;
  readonly batch: number;
  /** Factor on the channels of ResNet-18; the demo has 0.25. */
  readonly width: number;
  /** Milliseconds between two reports of instructions; 0: every instruction is reported. */
  readonly interval: number;
}

/** Accuracies are shares. */
export type Report =
  | {
      readonly kind: 'plan';
      readonly summary: string;
      readonly map: MemoryMap;
      /** Bytes of the arena in use at each instruction. */
      readonly live: readonly number[];
      /** The map as SVG. */
      readonly picture: string;
    }
  | {
      readonly kind: 'instruction';
      /** Index in the map of the instruction that runs; null: an evaluation runs. */
      readonly index: number | null;
      readonly linearMemoryBytes: number | null;
    }
  | {
      readonly kind: 'step';
      readonly step: number;
      readonly steps: number;
      readonly loss: number;
      readonly top1: number;
    }
  | { readonly kind: 'end'; readonly last: Scores; readonly validation: Scores };

/** Means over the samples of an epoch. */
interface Scores {
  readonly loss: number;
  readonly top1: number;
}

/** Plans, trains and validates; each report comes as soon as it is known. */
export async function train(files: Files, settings: Settings, report: (news: Report) => void): Promise<void> {
  await loadWasm(files.wasm);
  const { samples, epochs, batch, width, interval } = settings;
  const normAct: NormAct = (channels, options) => new InPlaceABN(channels, options);
  const net = createNetwork('resnet18', { normAct, classes: CLASSES, stem: 'small', width });
  const device = cpu();
  const kernels: PreparedKernel[] = [];
  const watcher = watcherOf(kernels, interval, (index) => {
    report({ kind: 'instruction', index, linearMemoryBytes: device.linearMemoryBytes });
  });
  const session = new Session(net, {
    device: watched(device, watcher),
    input: { shape: [3, SIDE, SIDE] },
    loss: crossEntropy(),
    metrics: { top1: accuracy() },
    optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
  });
  const plan = session.plan({ train: batch });
  kernels.push(...plan.raw.instructions.map(({ kernel }) => kernel));
  const map = memoryMapOf(plan.raw);
  const picture = renderMemoryMapSvg(map, { width: 1000, height: 380 });
  report({ kind: 'plan', summary: plan.summary(), map, live: plan.raw.live, picture });

  const count = Math.floor((samples * 7) / 8 / batch);
  const all = batchesOf(files, batch, Math.floor(samples / batch));
  const steps = count * epochs;
  await session.fit(all.slice(0, count), {
    epochs,
    validation: all.slice(count),
    callbacks: [
      {
        onStep: ({ step, mean }) => {
          report({ kind: 'step', step: step + 1, steps, loss: mean.loss, top1: mean.metrics.top1 });
        },
        onEpoch: ({ epoch, loss, metrics, validation }) => {
          if (epoch !== epochs - 1 || !validation) return;
          const held = { loss: validation.loss, top1: validation.metrics.top1 };
          report({ kind: 'end', last: { loss, top1: metrics.top1 }, validation: held });
        },
      },
    ],
  });
}

/**
 * Watches the program of `kernels`, and reports its instructions, at most one every `interval` milliseconds.
 */
function watcherOf(
  kernels: readonly PreparedKernel[],
  interval: number,
  tell: (index: number | null) => void,
): Watcher {
  let told: number | null = null;
  let next = 0;
  return {
    division(loaded) {
      const same = loaded.length === kernels.length && loaded.every((kernel, i) => kernel === kernels[i]);
      if (!same) return null;
      return interval > 0 ? Math.ceil(kernels.length / PARTS) : 1;
    },
    onInstruction(index) {
      const time = performance.now();
      if (index === null ? told === null : told !== null && time < next) return;
      told = index;
      next = time + interval;
      tell(index);
    },
  };
}

/** Gray images as three equal channels, from −1 to 1. */
function batchesOf({ images, labels }: Files, batch: number, count: number) {
  const pixels = batch * SIDE * SIDE;
  return Array.from({ length: count }, (_, i) => ({
    x: Float32Array.from({ length: 3 * pixels }, (_, at) => {
      return (images[IMAGES_HEADER + i * pixels + Math.floor(at / 3)] ?? 0) / 127.5 - 1;
    }),
    y: Int32Array.from(labels.subarray(LABELS_HEADER + i * batch, LABELS_HEADER + (i + 1) * batch)),
  }));
}
