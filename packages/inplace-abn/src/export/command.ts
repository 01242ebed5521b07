/** inplace-abn export: writes a network for other programs. */
import { type Advice, CommandLineError, checkWritable, withAdvice } from '@inplace-abn/cli';
import { DYNAMIC_AXES, type DynamicAxis, LIBRARIES, type SizeRange } from '@inplace-abn/interop';
import { positive, TRAINED_WITH_ADVICE, trainedWithOption } from '@inplace-abn/recipes';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ExportOptions, exportCheckpoint } from './export.js';

type Options = Omit<ExportOptions, 'checkpoint' | 'out'>;

const ADVICE: Advice = {
  ...TRAINED_WITH_ADVICE,
  ERR_NO_CONFIG: ' with --config FILE',
  ERR_NOT_DYNAMIC: ' (set by --dynamic, --sizes and --size)',
};

/** Options for ONNX files only. */
const ONNX_ALONE = [
  'batch',
  'classes',
  'dynamic',
  'externalData',
  'fold',
  'size',
  'sizes',
  'withPreprocessing',
] as const;

export function exportCommand(): Command {
  return new Command('inplace-abn export')
    .description(
      'Write a trained network as ONNX, or as a PyTorch state dictionary with ordinary batch norm.',
    )
    .argument('<checkpoint>', 'a checkpoint, or a folder of checkpoints (the newest intact one)')
    .argument('<out>', 'file to write: .onnx; or .pth, .pt or .safetensors')
    .option(
      '--config <file>',
      'configuration that the network was trained with, if the checkpoint does not have it',
    )
    .option('--fold', 'ONNX: fold batch normalization into the convolution before it')
    .option('--dynamic <axes>', `ONNX: axes of any size: ${DYNAMIC_AXES.join(',')}`, axes)
    .option(
      '--sizes <from-to/step>',
      'ONNX: heights and widths that a dynamic model takes, such as 224-672 or /32, for a network whose graph depends on them (default: those of TResNet and DeepLabV3 as configured, otherwise any)',
      range,
    )
    .option(
      '--size <side>',
      'ONNX: side of the images, or HEIGHTxWIDTH (default: the crop of validation)',
      sides,
    )
    .option('-b, --batch <n>', 'ONNX: images per run (default: 1)', positive)
    .option('--with-preprocessing', 'ONNX: take uint8 images N×H×W×3 and normalize them in the model')
    .option('--classes <file>', 'ONNX: names of the outputs, one per line (default: those in the checkpoint)')
    .option('--external-data', 'ONNX: write weights to OUT.data (always above 2 GiB)')
    .addOption(
      new Option(
        '--names <library>',
        'state dictionary: name tensors as this library does (default: torchvision)',
      ).choices(LIBRARIES),
    )
    .addOption(trainedWithOption())
    .addHelpText(
      'after',
      `
Examples:
  inplace-abn export runs/first/checkpoints net.onnx --dynamic batch
  inplace-abn export best.safetensors net.onnx --fold --dynamic batch,height,width
  inplace-abn export best.safetensors app.onnx --with-preprocessing
  inplace-abn export best.safetensors resnet50.pth

The model is opset 17. Its properties classes, mean, std, scale and crop are JSON.
Exit codes: 0 done, 1 error, 2 usage.`,
    )
    .action((checkpoint: string, out: string, options: Options) =>
      withAdvice(ADVICE, () => run({ checkpoint, out, ...options })),
    );
}

async function run(options: ExportOptions): Promise<void> {
  checkOptions(options);
  await checkWritable(options.out, options.checkpoint);
  const { files, signals, notes } = await exportCheckpoint(options);
  for (const note of notes) process.stderr.write(`${note}\n`);
  process.stdout.write(
    `${[`wrote ${files.join(' and ')}`, ...signals.map((line) => `  ${line}`)].join('\n')}\n`,
  );
}

/** @throws CommandLineError for a file with an unknown extension, and for options of the other format */
export function checkOptions(options: ExportOptions): void {
  const { out, names } = options;
  const onnx = out.endsWith('.onnx');
  if (!onnx && !/\.(pth|pt|safetensors)$/.test(out)) {
    throw new CommandLineError(`${out} has no known extension: end it in .onnx, .pth, .pt or .safetensors`);
  }
  const other = onnx ? undefined : ONNX_ALONE.find((key) => options[key] !== undefined);
  if (other) {
    throw new CommandLineError(
      `${out} is a state dictionary: leave out ${flagOf(other)}, or name a file .onnx`,
    );
  }
  if (onnx && names)
    throw new CommandLineError(`--names ${names} is for state dictionaries, but ${out} is not one`);
  if (options.sizes && !options.dynamic?.some((axis) => axis !== 'batch')) {
    throw new CommandLineError('--sizes needs --dynamic height, width or both');
  }
}

function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export function axes(text: string): DynamicAxis[] {
  return text.split(',').map((word) => {
    const axis = DYNAMIC_AXES.find((known) => known === word.trim());
    if (axis) return axis;
    throw new InvalidArgumentError(`Expected some of ${DYNAMIC_AXES.join(',')}.`);
  });
}

export function sides(text: string): [number, number] {
  const [height = '', width = height, ...more] = text.split(/[x×]/);
  if (more.length === 0) return [positive(height), positive(width)];
  throw new InvalidArgumentError('Expected a number of pixels, or HEIGHTxWIDTH.');
}

export function range(text: string): SizeRange {
  const match = /^(?:(\d+)-(\d+))?(?:\/(\d+))?$/.exec(text);
  const [from, to, step] = (match ?? [])
    .slice(1)
    .map((part) => (part === undefined ? undefined : positive(part)));
  const known = from !== undefined || step !== undefined;
  if (match && known && (from ?? 1) <= (to ?? Number.POSITIVE_INFINITY)) return { from, to, step };
  throw new InvalidArgumentError('Expected FROM-TO, FROM-TO/STEP or /STEP in pixels.');
}
