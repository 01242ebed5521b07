/** Class labels that the host hands in are checked before they reach a kernel, which would count a wrong one as ignored. */
import type { TypedArray } from '@inplace-abn/tensor';
import { UsageError } from '../errors.js';
import type { Labels } from '../ir/define.js';
import type { Graph } from '../ir/graph.js';
import { nodeContext } from '../ir/infer.js';
import { nodeAt } from '../ir/text.js';
import { loadNative } from '../native/load.js';

/** Labels by input name, with the node that reads them. */
export type LabelInputs = ReadonlyMap<string, readonly (Labels & { readonly reader: string })[]>;

/** The inputs of a graph that its nodes read as labels. */
export function labelInputs(graph: Graph): LabelInputs {
  const names = new Map([...graph.inputs].map(([name, id]) => [id, name]));
  const found = new Map<string, Map<string, Labels & { readonly reader: string }>>();
  for (const node of graph.nodes) {
    node.inputs.forEach((id, operand) => {
      const name = id === null ? undefined : names.get(id);
      const labels = name === undefined ? null : node.op.labels?.(nodeContext(graph, node), operand);
      if (name === undefined || !labels) return;
      const known = found.get(name) ?? new Map();
      // Forward and backward read the same.
      const key = `${labels.classes} ${labels.ignored}`;
      if (!known.has(key)) known.set(key, { ...labels, reader: nodeAt(node) });
      found.set(name, known);
    });
  }
  return new Map([...found].map(([name, ranges]) => [name, [...ranges.values()]]));
}

/** Throws UsageError, naming the first, where input `name` has labels that are neither classes nor ignored. */
export function checkLabelInput(inputs: LabelInputs, name: string, data: TypedArray): void {
  for (const { classes, ignored, reader } of inputs.get(name) ?? []) {
    if (!(data instanceof Int32Array || data instanceof Uint8Array)) return;
    // A label map has millions of pixels: native code looks at them several at a time.
    const index = loadNative().firstOutside(data, classes, ignored);
    if (index < 0) continue;
    throw new UsageError(
      `input ${name}: label ${data[index]} at index ${index} is outside the ${classes} classes of ${reader}: ` +
        `expected 0 to ${classes - 1}, or ${ignored} (ignore_index) where nothing counts`,
      { code: 'ERR_LABEL' },
    );
  }
}
