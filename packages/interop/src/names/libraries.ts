/** Names that other libraries use for the tensors of networks that this project also has. */

/** `upstream` are this project's names, those of the published in-place ABN checkpoints. */
export const LIBRARIES = ['torchvision', 'timm', 'upstream'] as const;

/** A library whose names are supported. */
export type Library = (typeof LIBRARIES)[number];

/** A prefix of our names, and the library's replacement. */
export type Rule = readonly [ours: RegExp, theirs: string | ((...groups: number[]) => string)];

export interface Naming {
  readonly libraries: readonly Library[];
  readonly rules: readonly Rule[];
  /** The library's name of the first weight. */
  readonly stem: string;
  /** A tensor, by the library's name, that tells this network from ours with the same names, and its side. */
  readonly mark: { readonly name: string; readonly kernel?: number };
  /** Prefixes of the classifier's names, which a file may have for a network without one. */
  readonly classifier: { readonly ours: string; readonly theirs: string };
  /** Converts names of older files to current ones. */
  readonly modern?: (name: string) => string;
}

const RESNET: Naming = {
  libraries: ['torchvision', 'timm'],
  stem: 'conv1.weight',
  mark: { name: 'conv1.weight', kernel: 7 },
  classifier: { ours: 'classifier.fc.', theirs: 'fc.' },
  rules: [
    [/^mod1\.conv1\./, 'conv1.'],
    [/^mod1\.bn1\./, 'bn1.'],
    [/^mod(\d)\.block(\d+)\.convs\./, (module, block) => `layer${module - 1}.${block - 1}.`],
    [/^mod(\d)\.block(\d+)\.proj_conv\./, (module, block) => `layer${module - 1}.${block - 1}.downsample.0.`],
    [/^mod(\d)\.block(\d+)\.proj_bn\./, (module, block) => `layer${module - 1}.${block - 1}.downsample.1.`],
    [/^classifier\.fc\./, 'fc.'],
  ],
};

const dense = (module: number, layer: number) => `features.denseblock${module - 1}.denselayer${layer + 1}.`;

const DENSENET: Naming = {
  libraries: ['torchvision', 'timm'],
  stem: 'features.conv0.weight',
  mark: { name: 'features.norm0.weight' },
  classifier: { ours: 'classifier.fc.', theirs: 'classifier.' },
  // Before 2018 torchvision called them norm.1 and conv.1; its published files still do.
  modern: (name) => name.replace(/(denselayer\d+\.(?:norm|conv))\.([12])\./, '$1$2.'),
  rules: [
    [/^mod1\.conv1\./, 'features.conv0.'],
    [/^mod1\.bn1\./, 'features.norm0.'],
    [/^mod(\d)\.convs1\.(\d+)\.bn\./, (module, layer) => `${dense(module, layer)}norm1.`],
    [/^mod(\d)\.convs1\.(\d+)\.conv\./, (module, layer) => `${dense(module, layer)}conv1.`],
    [/^mod(\d)\.convs3\.(\d+)\.bn\./, (module, layer) => `${dense(module, layer)}norm2.`],
    [/^mod(\d)\.convs3\.(\d+)\.conv\./, (module, layer) => `${dense(module, layer)}conv2.`],
    [/^tra(\d)\.bn\./, (module) => `features.transition${module - 1}.norm.`],
    [/^tra(\d)\.conv\./, (module) => `features.transition${module - 1}.conv.`],
    [/^bn_out\./, 'features.norm5.'],
    [/^classifier\.fc\./, 'classifier.'],
  ],
};

const LAYER = String.raw`^body\.layer(\d)\.(\d+)`;

/**
 * timm's own layers since 0.9; its earlier files had the published names. A blur does not change the name of
 * the layer before it.
 */
const TRESNET: Naming = {
  libraries: ['timm'],
  stem: 'body.conv1.conv.weight',
  mark: { name: 'body.conv1.conv.weight' },
  classifier: { ours: 'head.fc.', theirs: 'head.fc.' },
  rules: [
    [/^body\.conv1\.0\./, 'body.conv1.conv.'],
    [/^body\.conv1\.1\./, 'body.conv1.bn.'],
    ...(['conv', 'bn'] as const).flatMap((kind, index): Rule[] => [
      [
        new RegExp(`${LAYER}\\.conv(\\d)\\.(?:0\\.)?${index}\\.(?!0\\.|1\\.)`),
        (...at) => inBlock(at, `conv${at[2]}.${kind}.`),
      ],
      [
        new RegExp(`${LAYER}\\.downsample\\.(\\d)\\.${index}\\.`),
        (...at) => inBlock(at, `downsample.${at[2]}.${kind}.`),
      ],
    ]),
    [new RegExp(`${LAYER}\\.se\\.`), (...at) => inBlock(at, 'se.')],
    [/^head\.fc\./, 'head.fc.'],
  ],
};

function inBlock([layer, block]: readonly number[], name: string): string {
  return `body.layer${layer}.${block}.${name}`;
}

export const NAMINGS: readonly Naming[] = [RESNET, DENSENET, TRESNET];

/** The library's name of one of our tensors; null if it has none. */
export function renamed(name: string, { rules }: Naming): string | null {
  for (const [pattern, theirs] of rules) {
    const match = pattern.exec(name);
    if (!match) continue;
    const start = typeof theirs === 'string' ? theirs : theirs(...match.slice(1).map(Number));
    return start + name.slice(match[0].length);
  }
  return null;
}
