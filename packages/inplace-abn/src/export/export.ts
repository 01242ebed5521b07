/**
 * Exports a trained network for other programs: as ONNX, or as a state dictionary with ordinary batch norm.
 */
import { readContent, writeStateDict } from '@inplace-abn/checkpoint';
import { type HostTensor, UsageError } from '@inplace-abn/core';
import {
  type DynamicAxis,
  type Library,
  namedAs,
  type OnnxMetadata,
  type OnnxSignal,
  onnxModel,
  ordinaryNorms,
  type SizeRange,
  writeOnnx,
} from '@inplace-abn/interop';
import type { Module } from '@inplace-abn/nn';
import {
  classNames,
  type Described,
  describedNetwork,
  heightAndWidth,
  loadWeights,
  type NormMode,
  taskOf,
} from '@inplace-abn/recipes';
import { describeSizes, sizesOf } from './sizes.js';

export interface ExportOptions {
  readonly checkpoint: string;
  /** `.onnx`, or a state dictionary: `.pth`, `.pt` or `.safetensors`. */
  readonly out: string;
  /** Configuration, for a checkpoint that does not record it. */
  readonly config?: string;
  readonly trainedWith?: NormMode;
  /** File with names of the outputs, for a checkpoint that does not name them. */
  readonly classes?: string;
  /** Names in a state dictionary; default torchvision. */
  readonly names?: Library;
  /** Height and width of the images; default: the crop of validation. */
  readonly size?: readonly [number, number];
  readonly batch?: number;
  readonly dynamic?: readonly DynamicAxis[];
  readonly sizes?: SizeRange;
  readonly fold?: boolean;
  readonly withPreprocessing?: boolean;
  readonly externalData?: boolean;
}

/** The files that were written, and sentences for the user. */
export interface Exported {
  readonly files: readonly string[];
  /** Such as `input uint8 batch×224×224×3`; empty for a state dictionary. */
  readonly signals: readonly string[];
  readonly notes: readonly string[];
}

interface Trained extends Described {
  readonly network: Module;
  readonly state: ReadonlyMap<string, HostTensor>;
  readonly notes: readonly string[];
}

/**
 * Reads a checkpoint and writes its network in the format of `out`'s extension.
 *
 * @throws UsageError or CheckpointError for a file that is not a checkpoint, and for a network that the
 * format does not support
 */
export async function exportCheckpoint(options: ExportOptions): Promise<Exported> {
  const trained = await trainedNetwork(options);
  return options.out.endsWith('.onnx') ? asOnnx(trained, options) : asStateDict(trained, options);
}

async function trainedNetwork({ checkpoint, config: file, trainedWith }: ExportOptions): Promise<Trained> {
  const described = await describedNetwork(checkpoint, file);
  const { config } = described;
  const task = taskOf(config);
  const network = task.network();
  const target = { ...task, network, config: config.network };
  const { tensors, notes } = await loadWeights(target, checkpoint, { trainedWith });
  const state = new Map<string, HostTensor>();
  for (const [name, tensor] of tensors) state.set(name, await readContent(name, tensor));
  return { ...described, network, state, notes };
}

async function asOnnx({ config, classes, network, state, notes }: Trained, options: ExportOptions) {
  const { input } = config;
  const [height, width] = options.size ?? heightAndWidth(input.crop_val);
  const { mean, std } = input;
  const open = options.dynamic?.some((axis) => axis !== 'batch');
  const usual = open && options.sizes === undefined ? sizesOf(config, [height, width]) : undefined;
  const model = onnxModel(
    { module: network, state },
    {
      input: { shape: [3, height, width] },
      batch: options.batch,
      dynamic: options.dynamic,
      sizes: options.sizes ?? usual,
      fold: options.fold,
      preprocessing: options.withPreprocessing ? { mean, std } : undefined,
      metadata: { ...preparation(config), classes: await namesOf(config, classes, options) },
    },
  );
  const { out, externalData } = options;
  const files = await writeOnnx(out, model, { externalData });
  return {
    files,
    signals: [...model.inputs, ...model.outputs].map(describe),
    notes: usual ? [...notes, describeSizes(usual)] : notes,
  };
}

/**
 * The preprocessing of validation. A segmentation network takes whole images.
 */
function preparation({ task, input }: Described['config']): OnnxMetadata {
  const { mean, std, scale_val: scale, crop_val: crop } = input;
  if (task === 'segmentation') return { mean, std };
  return { mean, std, ...(scale === -1 ? {} : { scale }), crop };
}

/**
 * A name for each output, as in `predict`; undefined without classes or without known names.
 */
async function namesOf(
  { network: { classes: outputs } }: Described['config'],
  recorded: readonly string[],
  { classes: file, checkpoint }: ExportOptions,
): Promise<string[] | undefined> {
  if (outputs === 0 || (file === undefined && recorded.length === 0)) return undefined;
  const nameOf = await classNames(outputs, recorded, file, checkpoint);
  return Array.from({ length: outputs }, (_, label) => nameOf(label));
}

function describe({ name, dtype, shape }: OnnxSignal): string {
  return `${name} ${dtype} ${shape.join('×')}`;
}

async function asStateDict({ config, network, state, notes }: Trained, options: ExportOptions) {
  const { out, names = 'torchvision' } = options;
  const tensors = new Map<string, HostTensor>();
  for (const [name, tensor] of namedAs(names, network, await ordinaryNorms(network, state))) {
    tensors.set(name, await readContent(name, tensor));
  }
  const missing = network.namedStates().length - tensors.size;
  if (missing > 0) throw new UsageError(`${options.checkpoint} lacks ${missing} tensors of the network`);
  await writeStateDict(out, tensors);
  return { files: [out], signals: [], notes: [...notes, ...otherActivation(names, config)] };
}

/** The activation, which names do not determine: ReLU in torchvision and timm, except for TResNet. */
function otherActivation(names: Library, { network }: Described['config']): string[] {
  const { arch, activation, activation_param: slope } = network;
  if (names === 'upstream' || arch.startsWith('tresnet') || activation === 'relu') return [];
  return [
    `the network was trained with ${activation} ${slope}, ${names}'s has relu: give its modules that activation, or train on`,
  ];
}
