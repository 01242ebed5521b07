/**
 * The rules of the ONNX checker that need no schemas of ops: names, order, types of attributes, sizes of
 * tensors.
 */
import protobuf from 'protobufjs/light.js';
import descriptor from '../fixtures/onnx.json' with { type: 'json' };

interface Attribute {
  readonly name: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

interface Node {
  readonly name: string;
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly Attribute[];
}

interface Tensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: string;
  readonly rawData: Uint8Array;
  readonly externalData: readonly { readonly key: string; readonly value: string }[];
  readonly dataLocation: string;
}

interface Signal {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: { readonly dim: readonly { readonly dimValue: number; readonly dimParam: string }[] };
    };
  };
}

export interface DecodedModel {
  readonly irVersion: number;
  readonly opsetImport: readonly { readonly domain: string; readonly version: number }[];
  readonly metadataProps: readonly { readonly key: string; readonly value: string }[];
  readonly graph: {
    readonly name: string;
    readonly node: readonly Node[];
    readonly initializer: readonly Tensor[];
    readonly input: readonly Signal[];
    readonly output: readonly Signal[];
  };
}

export function decoded(bytes: Uint8Array): DecodedModel {
  const type = protobuf.Root.fromJSON(descriptor).lookupType('onnx.ModelProto');
  return type.toObject(type.decode(bytes), { longs: Number, enums: String, arrays: true }) as DecodedModel;
}

/** The field of AttributeProto for each of its types. */
const FIELDS: Readonly<Record<string, string>> = { FLOAT: 'f', INT: 'i', STRING: 's', INTS: 'ints' };
const ELEMENT_BYTES: Readonly<Record<string, number>> = { FLOAT: 4, UINT8: 1, INT32: 4, INT64: 8 };

/** Violations of the rules; none for a valid model. */
export function problems({ irVersion, opsetImport, graph }: DecodedModel): string[] {
  const found: string[] = [];
  const check = (right: boolean, problem: string) => {
    if (!right) found.push(problem);
  };
  check(irVersion === 8, `IR version ${irVersion}`);
  check(
    opsetImport.some(({ domain, version }) => !domain && version >= 17),
    'no operator set of 17 or later',
  );
  check(graph.name !== '', 'the graph has no name');
  const defined = new Set<string>();
  const define = (name: string) => {
    check(name !== '' && !defined.has(name), `${name} is defined twice`);
    defined.add(name);
  };
  for (const { name } of [...graph.input, ...graph.initializer]) define(name);
  for (const tensor of graph.initializer) {
    const elements = tensor.dims.reduce((product, size) => product * size, 1);
    const bytes =
      tensor.dataLocation === 'EXTERNAL'
        ? Number(tensor.externalData.find(({ key }) => key === 'length')?.value)
        : tensor.rawData.byteLength;
    check(bytes === elements * (ELEMENT_BYTES[tensor.dataType] ?? 0), `${tensor.name} has ${bytes} bytes`);
  }
  const names = new Set<string>();
  for (const node of graph.node) {
    check(!names.has(node.name), `two nodes are called ${node.name}`);
    names.add(node.name);
    for (const input of node.input) {
      check(input === '' || defined.has(input), `${node.name} reads ${input} before it is there`);
    }
    for (const { name, type, ...fields } of node.attribute) {
      const given = Object.entries(fields).filter(
        ([, value]) => !(Array.isArray(value) && value.length === 0),
      );
      check(given.length === 1 && given[0]?.[0] === FIELDS[type], `${node.name} has a bad attribute ${name}`);
    }
    node.output.forEach(define);
  }
  for (const { name, type } of [...graph.input, ...graph.output]) {
    check(defined.has(name), `the output ${name} is not computed`);
    check(type.tensorType.elemType > 0, `${name} has no type`);
  }
  return found;
}
