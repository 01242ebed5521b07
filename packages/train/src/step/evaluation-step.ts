import { crossEntropy, type Graph, topkCorrect, trace } from '@inplace-abn/core';
import { EVALUATION, type Module } from '@inplace-abn/nn';
import { type BatchShape, imageInputs } from './images.js';
import { topks } from './training-step.js';

/** An evaluation step: running statistics, no update. Inputs: images, color, labels; outputs: loss, correct. */
export function evaluationStep(network: Module, shape: BatchShape): Graph {
  return trace((tracer) => {
    const { x, labels } = imageInputs(tracer, shape);
    const logits = network.call(x, EVALUATION);
    return tracer.within('loss', () => ({
      loss: crossEntropy(logits, labels),
      correct: topkCorrect(logits, labels, topks(logits)),
    }));
  });
}
