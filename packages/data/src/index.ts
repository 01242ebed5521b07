export type { Interpolation } from './augment.js';
export type { RandAugmentOptions } from './augment-policy.js';
export type { BadImagePolicy, SkippedImage } from './bad-images.js';
export { openCacheFolder } from './cache-folder.js';
export { makeCacheMemory } from './cache-memory.js';
export { normalization, type Rgb } from './color.js';
export { type CountedMaps, type CountOptions, countPixels } from './count-pixels.js';
export { decodeOnPool, decodeSmallPng } from './decode.js';
export type { Cache } from './decoded-cache.js';
export type { ErasingMode, RandomErasingOptions } from './erasing.js';
export {
  DataError,
  FlatFolderError,
  ImageError,
  type ImageErrorCode,
  LabelFileError,
  ShardError,
  TransformError,
  UnreadableLimitError,
} from './errors.js';
export { decodeName, systemPath } from './file-names.js';
export { compareCodePoints, foldersIn, listFolder } from './folders.js';
export { roundHalfEven, type Sides, type Size, sizeOf } from './geometry.js';
export type { Box, Image, Picture, Region, RegionSource } from './image/image.js';
export { assertSameClasses, ImageFolder, type ImageFolderOptions } from './image-folder.js';
export { type ImageFacts, inspectImage } from './inspect.js';
export { type InspectedImages, type InspectOptions, inspectImages } from './inspect-images.js';
export type { LabelFacts, PixelCount } from './inspect-labels.js';
export {
  IGNORED,
  type LabelCoding,
  type LabelDecoder,
  labelDecoder,
  type PaletteColor,
} from './label-coding.js';
export { type LabelFileOptions, type LabelList, type LabelRow, readLabelFile } from './label-file.js';
export { type ClassIds, type LabelMap, readLabelMap } from './label-map.js';
export {
  type LabelSetList,
  type LabelSetOptions,
  type LabelSetRow,
  LabelSets,
  openLabelSets,
  readLabelSets,
} from './label-sets.js';
export { type FilePart, LabeledFiles, type LabeledImages } from './labeled-files.js';
export { LAYOUTS, type Layout, type LayoutName, layoutAbove, layoutsOf, openLayout } from './layouts.js';
export { type Listed, type ListedOptions, openListed } from './listed-images.js';
export {
  type Batch,
  type BatchMix,
  createLoader,
  type EpochOptions,
  type ImageSource,
  type Loader,
  type LoaderOptions,
  type SegmentationLoaderOptions,
  type SegmentationSource,
} from './loader.js';
export { type LoaderShape, ringBytes, threadBytes } from './loader-memory.js';
export { type BatchMixing, type MixDraw, type MixOptions, type MixPosition, mixes, mixing } from './mix.js';
export {
  type ModuleSpec,
  moduleSegmentationTransform,
  moduleTransform,
  type TransformModule,
} from './module-transform.js';
export { resizeNearest } from './nearest.js';
export { type NamedColor, readPalette } from './palette.js';
export {
  imagesBelow,
  listPhotographs,
  type Photograph,
  type PhotographOptions,
  readPhotograph,
} from './photograph.js';
export { MAX_PIXELS, MOST_PIXELS, usefulPixels } from './pixel-limit.js';
export { Random, Stream } from './random.js';
export { usePicture } from './reader.js';
export { cropAndResize } from './resample.js';
export { balancedSampler, permutation, type Sampler, sequentialSampler, shuffledSampler } from './sampler.js';
export {
  LabelFolder,
  type LabelNaming,
  SegmentationFolder,
  type SegmentationFolderOptions,
} from './segmentation-folder.js';
export {
  type SegmentationEvalOptions,
  type SegmentationSpec,
  type SegmentationTransform,
  type SegmentationTransformOptions,
  segmentationEvalTransform,
  segmentationTransform,
} from './segmentation-transform.js';
export { isSharded, ShardedImages } from './shards.js';
export { type Share, type ShareOptions, shareOf, shareSize } from './share.js';
export { type Split, splitByName } from './split.js';
export { readSynsets } from './synsets.js';
export { TEN_CROPS, tenCropTransform } from './ten-crop.js';
export { hungThreads } from './threads.js';
export { encodeThumbnail, makeThumbnail, type Thumbnail } from './thumbnail.js';
export {
  type EvalTransformOptions,
  evalTransform,
  IMAGENET_MEAN,
  IMAGENET_STD,
  type TrainTransformOptions,
  type Transform,
  type TransformSpec,
  trainTransform,
} from './transform.js';
export { writeRgb } from './write-rgb.js';
