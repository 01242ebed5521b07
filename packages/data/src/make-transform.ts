import { type ModuleSpec, makeFromModule } from './module-transform.js';
import {
  type SegmentationSpec,
  type SegmentationTransform,
  segmentationEvalTransform,
  segmentationTransform,
} from './segmentation-transform.js';
import { tenCropTransform } from './ten-crop.js';
import { evalTransform, type Transform, type TransformSpec, trainTransform } from './transform.js';

/** Builds the transform that a spec describes. Specs can be posted to worker threads; functions cannot. */
export async function makeTransform(
  spec: TransformSpec | SegmentationSpec | ModuleSpec,
): Promise<Transform | SegmentationTransform> {
  switch (spec.kind) {
    case 'module':
      return makeFromModule(spec);
    case 'train':
      return trainTransform(spec.options);
    case 'eval':
      return evalTransform(spec.options);
    case 'ten-crop':
      return tenCropTransform(spec.options);
    case 'segmentation':
      return segmentationTransform(spec.options);
    case 'segmentation-eval':
      return segmentationEvalTransform(spec.options);
  }
}
