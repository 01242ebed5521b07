/** Takes the weights of a segmentation network from a file of such a network, or of a classifier. */
import { isClassifier, type TensorContents, takeStateDict } from '@inplace-abn/checkpoint';
import { UsageError } from '@inplace-abn/core';
import type { Module } from '@inplace-abn/nn';
import type { StateTensor } from '@inplace-abn/session';
import type { TakeWeights, WeightsSource } from '../task/task.js';
import { specsOf } from '../weights/mismatch.js';

const [BODY, HEAD] = ['body.', 'head.'];

/**
 * Takes all weights of the network or, without the classifier, those of body and head; from a file without a
 * head, such as that of a classification network, only the body. Converts other float dtypes.
 *
 * @throws StateDictMismatch or UsageError if the file belongs to another network
 */
export function takeSegmentationWeights(
  network: Module,
  { tensors, path }: WeightsSource,
  { use, dropClassifier = false }: TakeWeights,
): Map<string, StateTensor> {
  const specs = specsOf(network);
  const ofClassifier = ![...tensors.keys()].some((name) => name.startsWith(BODY));
  if (!dropClassifier) {
    if (ofClassifier) {
      const code = use === 'training' ? { code: 'ERR_CLASSIFIER' } : {};
      throw new UsageError(`${path} holds no segmentation network: ${remedy(use)}`, code);
    }
    return take(specs, tensors, path);
  }
  const found = ofClassifier ? asBody(tensors) : tensors;
  const parts = [BODY, HEAD].filter((part) => [...found.keys()].some((name) => name.startsWith(part)));
  const kept = (name: string): boolean => parts.some((part) => name.startsWith(part));
  return take(filtered(specs, kept), filtered(found, kept), path);
}

function take(
  specs: ReturnType<typeof specsOf>,
  tensors: TensorContents,
  path: string,
): Map<string, StateTensor> {
  return takeStateDict(specs, tensors, path, { convert: true });
}

function remedy(use: TakeWeights['use']): string {
  if (use === 'testing') return 'expected parameters named body.…, head.… and cls.…';
  return 'drop the classifier to begin a run with the layers of a classification network as its body';
}

/** A classification network's tensors as those of a body. */
function asBody(tensors: TensorContents): TensorContents {
  return new Map(
    [...tensors].filter(([name]) => !isClassifier(name)).map(([name, tensor]) => [`${BODY}${name}`, tensor]),
  );
}

function filtered<T>(map: ReadonlyMap<string, T>, keep: (name: string) => boolean): Map<string, T> {
  return new Map([...map].filter(([name]) => keep(name)));
}
