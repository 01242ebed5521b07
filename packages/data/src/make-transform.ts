import { type ModuleSpec, makeFromModule } from './module-transform.js';
import {
  type SegmentationSpec,
  type SegmentationTransform,
  segmentationEvalTransform,
  segmentationTransform,
} from './segmentation-transform.js';
import { tenCropTransform } from './ten-crop.js';
import { evalTransform, type Transform, type TransformSpec, trainTransform } from './transform.js';

/** The transform that a specification describes; it travels between threads where a function cannot. */
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
