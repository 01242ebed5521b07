/**
 * The elementwise computation of an op, as an expression of its operands. In memory it is a directed acyclic
 * graph. In a node's attributes it is text that the kernels parse, one instruction after another:
 *
 *     mul(x0,x1) exp(t0) add(t1,0.5)    x0, x1: operands; t0, t1: results of earlier instructions
 *
 * The last instruction is the result. The text `x0` is the unchanged operand.
 */
import { FUNCTIONS, type FunctionName, isFunctionName } from './scalar-functions.js';

/** An elementwise function of the operands of a node. */
export type Expression =
  | {
      /** An operand of the node. */
      readonly kind: 'operand';
      /** Its index among the operands, from 0. */
      readonly index: number;
    }
  | {
      /** A constant. */
      readonly kind: 'number';
      /** Its value, which kernels round to float32. */
      readonly value: number;
    }
  | {
      /** A function of other expressions. */
      readonly kind: 'call';
      /** Name of the function. */
      readonly fn: FunctionName;
      /** Its arguments, one to three. A shared one is computed once. */
      readonly args: readonly Expression[];
    };

/** Maximum number of operands of an elementwise op. */
export const MOST_OPERANDS = 8;
/** Maximum number of values that a kernel holds at once, operands included. */
const MOST_REGISTERS = 16;
/** Maximum number of instructions of a kernel. */
const MOST_INSTRUCTIONS = 48;

export function operand(index: number): Expression {
  return { kind: 'operand', index };
}

export function number(value: number): Expression {
  return { kind: 'number', value };
}

/** fn(args…), simplified: drops factors of 1 and double negations, and folds arithmetic on numbers. */
export function call(fn: FunctionName, ...args: Expression[]): Expression {
  const values = args.map((arg) => (arg.kind === 'number' ? arg.value : null));
  if (values.every((value) => value !== null)) return number(FUNCTIONS[fn].apply(...(values as number[])));
  const [a, b] = args;
  if (fn === 'mul' && a && values[1] === 1) return a;
  if (fn === 'mul' && b && values[0] === 1) return b;
  if (fn === 'div' && a && values[1] === 1) return a;
  if (fn === 'neg' && a?.kind === 'call' && a.fn === 'neg' && a.args[0]) return a.args[0];
  return { kind: 'call', fn, args };
}

/** The calls of an expression, each after the calls that it reads. */
export interface Listing {
  readonly calls: readonly {
    readonly fn: FunctionName;
    readonly args: readonly Expression[];
    /** Index of the call that produces each argument; null for operands and numbers. */
    readonly from: readonly (number | null)[];
  }[];
  /** Index of the call that computes an expression; operands and numbers have none. */
  readonly at: ReadonlyMap<Expression, number>;
}

/** Lists the calls of an expression in topological order, with common subexpressions merged. */
export function listing(root: Expression): Listing {
  const calls: Listing['calls'][number][] = [];
  const at = new Map<Expression, number>();
  const known = new Map<string, number>();
  const visit = (expression: Expression): void => {
    if (expression.kind !== 'call' || at.has(expression)) return;
    const { fn, args } = expression;
    args.forEach(visit);
    const from = args.map((arg) => at.get(arg) ?? null);
    const key = `${fn}(${args.map((arg) => argument(arg, at)).join()})`;
    const same = known.get(key);
    if (same !== undefined) {
      at.set(expression, same);
      return;
    }
    known.set(key, calls.length);
    at.set(expression, calls.length);
    calls.push({ fn, args, from });
  };
  visit(root);
  return { calls, at };
}

function argument(arg: Expression, at: ReadonlyMap<Expression, number>): string {
  if (arg.kind === 'operand') return `x${arg.index}`;
  return arg.kind === 'number' ? String(arg.value) : `t${at.get(arg)}`;
}

/** Formats an expression as text. */
export function formatExpression(root: Expression): string {
  const { calls, at } = listing(root);
  if (calls.length === 0) return argument(root, at);
  return calls.map(({ fn, args }) => `${fn}(${args.map((arg) => argument(arg, at)).join()})`).join(' ');
}

/**
 * Parses the text of an expression.
 *
 * @throws RangeError if it is not valid
 */
export function parseExpression(text: string): Expression {
  const results: Expression[] = [];
  const value = (word: string): Expression => {
    const place = Number(word.slice(1));
    if (/^x\d+$/.test(word)) return operand(place);
    const result = /^t\d+$/.test(word) ? results[place] : number(Number(word));
    if (!result || word === '' || (result.kind === 'number' && !Number.isFinite(result.value))) {
      throw new RangeError(`not an expression: ${word} in ${text}`);
    }
    return result;
  };
  for (const instruction of text.split(' ')) {
    const [, fn = '', list = ''] = /^(\w+)\(([^()]*)\)$/.exec(instruction) ?? [];
    if (!fn) results.push(value(instruction));
    else if (isFunctionName(fn)) results.push({ kind: 'call', fn, args: list.split(',').map(value) });
    else throw new RangeError(`not an expression: ${fn} in ${text}`);
  }
  return results.at(-1) ?? value('');
}

/** Indices of the operands that the expression reads, ascending. */
export function operandsOf(root: Expression): number[] {
  const found = new Set<number>();
  const seen = new Set<Expression>();
  const visit = (expression: Expression): void => {
    if (seen.has(expression)) return;
    seen.add(expression);
    if (expression.kind === 'operand') found.add(expression.index);
    if (expression.kind === 'call') expression.args.forEach(visit);
  };
  visit(root);
  return [...found].sort((a, b) => a - b);
}

/** The expression with every part replaced for which `replace` returns another; null keeps a part. */
export function substitute(root: Expression, replace: (part: Expression) => Expression | null): Expression {
  const done = new Map<Expression, Expression>();
  const visit = (expression: Expression): Expression => {
    const known = done.get(expression);
    if (known) return known;
    const replaced = replace(expression);
    const result =
      replaced ??
      (expression.kind === 'call' ? { ...expression, args: expression.args.map(visit) } : expression);
    done.set(expression, result);
    return result;
  };
  return visit(root);
}

/** The expression with `operands[i]` substituted for operand i. */
export function compose(root: Expression, operands: readonly Expression[]): Expression {
  return substitute(root, (part) => (part.kind === 'operand' ? (operands[part.index] ?? part) : null));
}

/** True if the expression is within a kernel's limits. */
export function fits(root: Expression): boolean {
  const { calls } = listing(root);
  const operands = operandsOf(root).length;
  if (operands > MOST_OPERANDS || calls.length > MOST_INSTRUCTIONS) return false;
  const lastRead = new Map<number, number>();
  calls.forEach(({ from }, position) => {
    for (const made of from) if (made !== null) lastRead.set(made, position);
  });
  let alive = 0;
  let most = 0;
  calls.forEach((_, position) => {
    alive += 1;
    most = Math.max(most, alive);
    for (const [made, last] of lastRead) if (last === position && made !== position) alive -= 1;
  });
  return operands + most <= MOST_REGISTERS;
}

/** Evaluates the expression for one element of each operand. */
export function evaluator(root: Expression): (operands: ArrayLike<number>) => number {
  const { calls, at } = listing(root);
  const results = new Float64Array(Math.max(1, calls.length));
  const reader = (arg: Expression): ((operands: ArrayLike<number>) => number) => {
    if (arg.kind === 'number') return () => arg.value;
    if (arg.kind === 'operand') return (operands) => operands[arg.index] ?? Number.NaN;
    const place = at.get(arg) ?? 0;
    return () => results[place] ?? Number.NaN;
  };
  const steps = calls.map(({ fn, args }) => ({ apply: FUNCTIONS[fn].apply, args: args.map(reader) }));
  const result = reader(root);
  return (operands) => {
    steps.forEach(({ apply, args }, place) => {
      results[place] = apply(...args.map((read) => read(operands)));
    });
    return result(operands);
  };
}
