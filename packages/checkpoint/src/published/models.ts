// Files published by upstream, by MD5. All are legacy streams.

/** A published model file that is known by its size and MD5. */
export interface PublishedModel {
  /** Architecture and batch norm, such as `ResNeXt101, in place`. */
  readonly name: string;
  /** The experiment it was trained with; undefined for the segmentation model. */
  readonly experiment?: string;
  /** License of the weights. */
  readonly license: string;
}

const IMAGENET = 'the license of ImageNet';

const MODELS: Readonly<Record<string, readonly [name: string, experiment: string]>> = {
  '448438885986d14db5e870b95f814f91': ['ResNeXt101, standard BN', 'resnext101_stdbn_lr_256'],
  '3b7a221cbc076410eb12c8dd361b7e4e': ['ResNeXt101, in place', 'resnext101_ipabn_lr_512'],
  '2c8d572587961ed74611d534c5b2e9ce': ['ResNeXt152, in place', 'resnext152_ipabn_lr_256'],
  '1c085ab70b789cc1d6c1594f7a761007': ['WiderResNet38, in place', 'wider_resnet38_ipabn_lr_256'],
  '0a85a21847b15e5a242e17bf3b753849': ['ResNeXt101, synchronized', 'resnext101_ipabn-sync_lr_256'],
  '0b413d67b725619441d0646d663865bf': ['DenseNet264, in place', 'densenet264_ipabn_lr_256'],
  '2522ca639f7fdfd7c0089ba1f5f6c2e8': ['ResNet50, synchronized', 'resnet50_ipabn-sync_lr_512'],
  '61515c1484911c3cc753d405131e1dda': ['ResNet34, synchronized', 'resnet34_ipabn-sync_lr_512'],
  '1552ae0f3d610108df702135f56bd27b': ['ResNet101, synchronized', 'resnet101_ipabn-sync_lr_512'],
};

const VISTAS = '913f78486a34aa1577a7cd295e8a33bb';

/** The published model whose file has this MD5 (lowercase hexadecimal), or undefined. */
export function publishedModel(md5: string): PublishedModel | undefined {
  if (md5 === VISTAS) return { name: 'WiderResNet38 + DeepLabV3, Vistas', license: 'CC BY-NC-SA 4.0' };
  const model = Object.hasOwn(MODELS, md5) ? MODELS[md5] : undefined;
  return model && { name: model[0], experiment: model[1], license: IMAGENET };
}
