/** The rules of the ops that can be written, by the op's definition. */
import type { AnyOp } from '@inplace-abn/core';
import type { OnnxRule } from '../model/rule.js';
import { activationRules } from './activation.js';
import { convolutionRules } from './convolution.js';
import { elementwiseRules } from './elementwise.js';
import { linearRules } from './linear.js';
import { normalizationRules } from './normalization.js';
import { poolingRules } from './pooling.js';
import { shapeRules } from './shapes.js';

const all: readonly OnnxRule[] = [
  ...activationRules,
  ...convolutionRules,
  ...elementwiseRules,
  ...linearRules,
  ...normalizationRules,
  ...poolingRules,
  ...shapeRules,
];

export const RULES: ReadonlyMap<AnyOp, OnnxRule> = new Map(all.map((rule) => [rule.op, rule]));
