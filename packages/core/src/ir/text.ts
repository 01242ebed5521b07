/** The text form of a graph, for logs and snapshot tests. */

import { formatType } from '@inplace-abn/tensor';
import type { Attribute } from './define.js';
import { type Graph, type GraphNode, type ValueId, valueInfo } from './graph.js';

function formatAttribute(value: Attribute): string {
  return Array.isArray(value) ? `[${value.join(',')}]` : String(value);
}

function formatOperand(id: ValueId | null): string {
  return id === null ? '_' : `%${id}`;
}

/** `conv2d at mod2.block1`: how logs and errors identify a node. */
export function nodeAt(node: GraphNode): string {
  return `${node.op.name} at ${node.path || '(top)'}`;
}

/** One line, such as `%7:float32[2,8,4,4] = abn_apply(%3, %4, _) {eps: 1e-5} @mod1.bn1`. */
export function formatNode(graph: Graph, node: GraphNode): string {
  const outputs = node.outputs.map((id) => `%${id}:${formatType(valueInfo(graph, id))}`).join(', ');
  const inputs = node.inputs.map(formatOperand).join(', ');
  const attrs = Object.entries(node.attrs).map(([key, value]) => `${key}: ${formatAttribute(value)}`);
  const left = outputs ? `${outputs} = ` : '';
  const braces = attrs.length > 0 ? ` {${attrs.join(', ')}}` : '';
  return `${left}${node.op.name}(${inputs})${braces}${node.path ? ` @${node.path}` : ''}`;
}

/** One line each for inputs and states, then nodes by phase, then outputs and updates. */
export function formatGraph(graph: Graph): string {
  const lines: string[] = [];
  for (const [name, id] of graph.inputs)
    lines.push(`input ${name} %${id}:${formatType(valueInfo(graph, id))}`);
  for (const { name, value, kind } of graph.states) {
    lines.push(`state ${name} %${value}:${formatType(valueInfo(graph, value))} ${kind}`);
  }
  let phase = '';
  for (const node of graph.nodes) {
    if (node.phase !== phase) lines.push(`${node.phase}:`);
    phase = node.phase;
    lines.push(`  ${formatNode(graph, node)}`);
  }
  for (const [name, id] of graph.outputs) lines.push(`output ${name} %${id}`);
  for (const [state, id] of graph.updates) lines.push(`update %${state} <- %${id}`);
  return lines.join('\n');
}
