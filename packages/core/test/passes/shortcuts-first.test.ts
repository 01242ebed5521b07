import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile/compile.js';
import { type Graph, isInference } from '../../src/ir/graph.js';
import { cpu } from '../../src/native/cpu.js';
import { add } from '../../src/ops/add.js';
import { fold } from '../../src/passes/fold.js';
import { shortcutsFirst } from '../../src/passes/shortcuts-first.js';
import { programOf } from '../../src/program/program-of.js';
import { convolution, evaluationOf, filledStore, fixedAbn } from '../support/inference.js';
import { LEAKY, residualStep } from '../support/nets.js';

const convolutions = ({ nodes }: Graph): string[] =>
  nodes.filter(({ op }) => op.name.startsWith('conv2d')).map(({ path }) => path);

/** A widening block: its projection is as large as its result, and twice as large as its input. */
const { graph, inputs } = evaluationOf([1, 16, 24, 24], (x) => {
  const normed = fixedAbn(convolution(x, 'before', 64), 'bn1', LEAKY);
  const narrow = fixedAbn(convolution(normed, 'conv1', 16), 'bn2', LEAKY);
  const wide = fixedAbn(convolution(narrow, 'conv2', 64), 'bn3', LEAKY);
  return add(convolution(wide, 'conv3', 128, { size: 1 }), convolution(normed, 'proj', 128, { size: 1 }));
});

describe('shortcutsFirst', () => {
  it('computes the projection before the parallel convolutions', () => {
    const folded = fold(graph);
    expect(convolutions(folded)).toEqual(['before', 'conv1', 'conv2', 'proj', 'conv3']);
    expect(convolutions(shortcutsFirst(folded))).toEqual(['before', 'proj', 'conv1', 'conv2', 'conv3']);
    expect(shortcutsFirst(folded).nodes.length).toBe(folded.nodes.length);
  });

  it('is used if the plan is smaller, with the same results', async () => {
    const plan = compile(graph, cpu(), { keepConstants: false });
    expect(convolutions(plan.graph)).toEqual(['before', 'proj', 'conv1', 'conv2', 'conv3']);
    const run = async (options: { fold: boolean }) => {
      const program = programOf(graph, { store: filledStore([graph]), keepConstants: false, ...options });
      return (await program.run(inputs)).outputs.out;
    };
    const [folded, plain] = [await run({ fold: true }), await run({ fold: false })];
    const scale = Math.max(...plain.map(Math.abs));
    folded.forEach((value, i) => {
      expect(Math.abs(value - (plain[i] ?? Number.NaN)) / scale).toBeLessThan(1e-5);
    });
  });

  it('does not apply to training', () => {
    expect(isInference(graph)).toBe(true);
    expect(isInference(residualStep().graph)).toBe(false);
  });
});
