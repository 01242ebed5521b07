/** Validates class labels on the host. Kernels would silently treat an invalid label as ignored. */
import type { TypedArray } from '@inplace-abn/tensor';
import { UsageError } from '../errors.js';
import type { Labels } from '../ir/define.js';
import type { Graph } from '../ir/graph.js';
import { nodeContext } from '../ir/infer.js';
import { nodeAt } from '../ir/text.js';
import { loadNative } from '../native/load.js';

/** Label constraints by input name, with the node that reads the labels. */
export type LabelInputs = ReadonlyMap<string, readonly (Labels & { readonly reader: string })[]>;

/** The graph inputs that nodes read as labels. */
export function labelInputs(graph: Graph): LabelInputs {
  const names = new Map([...graph.inputs].map(([name, id]) => [id, name]));
  const found = new Map<string, Map<string, Labels & { readonly reader: string }>>();
  for (const node of graph.nodes) {
    node.inputs.forEach((id, operand) => {
      const name = id === null ? undefined : names.get(id);
      const labels = name === undefined ? null : node.op.labels?.(nodeContext(graph, node), operand);
      if (name === undefined || !labels) return;
      const known = found.get(name) ?? new Map();
      // Forward and backward impose the same constraint.
      const key = `${labels.classes} ${labels.ignored}`;
      if (!known.has(key)) known.set(key, { ...labels, reader: nodeAt(node) });
      found.set(name, known);
    });
  }
  return new Map([...found].map(([name, ranges]) => [name, [...ranges.values()]]));
}

/**
 * Checks the labels of input `name`; other inputs pass.
 *
 * @throws UsageError, code ERR_LABEL, naming the first label that is neither a class nor ignored
 */
export function checkLabelInput(inputs: LabelInputs, name: string, data: TypedArray): void {
  for (const { classes, ignored, reader } of inputs.get(name) ?? []) {
    if (!(data instanceof Int32Array || data instanceof Uint8Array)) return;
    // A label map has millions of pixels; native code checks several at a time.
    const index = loadNative().firstOutside(data, classes, ignored);
    if (index < 0) continue;
    throw new UsageError(
      `input ${name}: label ${data[index]} at index ${index} is outside the ${classes} classes of ${reader}: ` +
        `expected 0 to ${classes - 1}, or ${ignored} (ignore_index) to ignore it`,
      { code: 'ERR_LABEL' },
    );
  }
}
