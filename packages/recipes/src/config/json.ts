import { type AnyNode, type ObjectNode, parse } from '@humanwhocodes/momoa';

export interface Position {
  /** Line in the file, from 1. */
  line: number;
  /** Column in the line, from 1. */
  column: number;
}

export type KeyPath = readonly (string | number)[];

/** Parsed JSON with the position of each key and value. */
export interface LocatedJson {
  value: unknown;
  /** Duplicate keys, of which `JSON.parse` silently keeps the last. */
  duplicates: { path: KeyPath; position: Position; first: Position }[];
  /** The position of `path`: of the key (`key`) or its value; of the nearest parent if it is absent. */
  locate(path: KeyPath, what: 'key' | 'value'): Position;
}

export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
  readonly code = 'ERR_JSON';

  constructor(
    message: string,
    readonly position: Position,
  ) {
    super(message);
  }
}

/**
 * Parses strict JSON (no comments, no trailing commas); a byte order mark is skipped.
 *
 * @throws {JsonSyntaxError} with line and column, both counted from 1
 */
export function parseJson(text: string): LocatedJson {
  const source = text.replace(/^\uFEFF/, '');
  const root = parseTree(source);
  const duplicates: LocatedJson['duplicates'] = [];
  const members: MembersOf = new Map();
  collectMembers(root, [], members, duplicates);
  const locateIn: LocatedJson['locate'] = (path, what) => locate(root, members, path, what);
  return { value: JSON.parse(source), duplicates, locate: locateIn };
}

/** The members of each object by key; the last of duplicates. */
type MembersOf = Map<AnyNode, Map<string, ObjectNode['members'][number]>>;

function parseTree(source: string): AnyNode {
  try {
    return parse(source, { mode: 'json' }).body;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const position = { line: numberIn(error, 'line'), column: numberIn(error, 'column') };
    throw new JsonSyntaxError(describe(error.message), position);
  }
}

function describe(message: string): string {
  const text = message.replace(/ found\. \(\d+:\d+\)$/, '');
  const punctuation: Record<string, string> = { RBrace: '}', RBracket: ']', LBrace: '{', LBracket: '[' };
  const shown = text.replace(/token (\w+)/, (whole, name: string) =>
    punctuation[name] ? `'${punctuation[name]}'` : whole,
  );
  return `${shown.charAt(0).toLowerCase()}${shown.slice(1)}`;
}

function numberIn(object: object, key: string): number {
  const value: unknown = Reflect.get(object, key);
  return typeof value === 'number' ? value : 1;
}

function collectMembers(
  node: AnyNode,
  path: KeyPath,
  members: MembersOf,
  duplicates: LocatedJson['duplicates'],
): void {
  if (node.type === 'Array') {
    node.elements.forEach((element, i) => {
      collectMembers(element.value, [...path, i], members, duplicates);
    });
  }
  if (node.type !== 'Object') return;
  const own = new Map<string, ObjectNode['members'][number]>();
  const firsts = new Map<string, Position>();
  members.set(node, own);
  for (const member of node.members) {
    const key = keyOf(member);
    const position = startOf(member.name);
    const first = firsts.get(key);
    if (first) duplicates.push({ path: [...path, key], position, first });
    else firsts.set(key, position);
    own.set(key, member);
    collectMembers(member.value, [...path, key], members, duplicates);
  }
}

function locate(root: AnyNode, members: MembersOf, path: KeyPath, what: 'key' | 'value'): Position {
  let node = root;
  let name: AnyNode = root;
  for (const key of path) {
    const member = members.get(node)?.get(String(key));
    if (member) {
      name = member.name;
      node = member.value;
    } else if (node.type === 'Array' && typeof key === 'number') {
      const element = node.elements[key];
      if (!element) return startOf(name);
      name = element.value;
      node = element.value;
    } else {
      return startOf(name);
    }
  }
  return startOf(what === 'key' ? name : node);
}

function keyOf(member: ObjectNode['members'][number]): string {
  return member.name.type === 'String' ? member.name.value : member.name.name;
}

function startOf(node: AnyNode): Position {
  return { line: node.loc.start.line, column: node.loc.start.column };
}
