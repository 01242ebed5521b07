// A restricted pickle machine. A pickle is a program for a stack machine that may import and call anything.
// This machine builds plain containers and calls only functions of the allow-list. It records the names of
// all others.

import { CheckpointError } from '../errors.js';
import { Cursor } from './cursor.js';
import { findGlobal, setItem } from './globals.js';
import { DICT_OPERATIONS, type PickleLimits } from './limits.js';
import { Callable, type CallContext, kindOf, Opaque, type Pickled, PickledDict, Tuple } from './objects.js';
import { OPCODES, type Opcode, opcodeName } from './opcodes.js';

/** The container around a pickle. */
export interface PickleHost {
  /** Names the file in errors. */
  readonly path: string;
  readonly limits: PickleLimits;
  /** Resolves a persistent id, which names a storage. */
  persistent(id: Pickled, fail: (reason: string) => never): Pickled;
}

/** Maximum length of "module.name"; names on the allow-list are much shorter. */
const MAX_NAME = 256;
const MAX_PROTOCOL = 5;

class Machine implements CallContext {
  readonly stack: Pickled[] = [];
  private readonly marks: number[] = [];
  readonly memo = new Map<number, Pickled>();
  private operations = 0;

  constructor(
    readonly cursor: Cursor,
    readonly host: PickleHost,
  ) {}

  /** An arrow function, because calls use it detached from the machine. */
  readonly fail: (reason: string) => never = (reason) => {
    throw new CheckpointError(`${this.host.path} cannot be read: ${reason}.`);
  };

  readonly charge = (items: number): void => {
    this.operations += items;
    if (this.operations > this.host.limits.operations) {
      this.fail(`its pickle takes more than ${this.host.limits.operations} operations`);
    }
  };

  push(value: Pickled): void {
    this.stack.push(value);
  }

  /** Pops the top of the stack; values below a mark are out of reach. */
  pop(): Pickled {
    const floor = this.marks.at(-1) ?? 0;
    const value = this.stack.length > floor ? this.stack.pop() : undefined;
    return value === undefined ? this.fail('its pickle pops from an empty stack') : value;
  }

  top(): Pickled {
    const value = this.pop();
    this.stack.push(value);
    return value;
  }

  mark(): void {
    this.marks.push(this.stack.length);
  }

  popMark(): Pickled[] {
    const mark = this.marks.pop();
    return mark === undefined ? this.fail('its pickle lacks a mark') : this.stack.splice(mark);
  }

  remember(index: number): void {
    this.memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.memo.get(index);
    this.push(
      value === undefined ? this.fail(`its pickle reads memo entry ${index}, which does not exist`) : value,
    );
  }

  /** Checks the length of a text operand before it is copied. */
  length(bytes: number): number {
    const { textBytes } = this.host.limits;
    return bytes <= textBytes
      ? bytes
      : this.fail(`it holds a string of ${bytes} bytes, more than ${textBytes}`);
  }

  utf8(bytes: number): void {
    this.push(this.cursor.utf8(this.length(bytes)) ?? this.fail('it holds a string that is not UTF-8'));
  }

  latin1(bytes: number): void {
    this.push(this.cursor.latin1(this.length(bytes)));
  }

  tuple(size: number): void {
    const items: Pickled[] = [];
    for (let i = 0; i < size; i++) items.unshift(this.pop());
    this.push(new Tuple(items));
  }

  global(module: string | undefined, name: string | undefined): void {
    if (module === undefined || name === undefined || module.length + name.length > MAX_NAME) {
      this.fail('its pickle contains a name that is far too long');
    }
    this.push(findGlobal(`${module}.${name}`));
  }

  /** Calls a function of the allow-list; calling anything else makes an opaque object. */
  reduce(): void {
    const args = this.pop();
    const callable = this.pop();
    if (!(callable instanceof Callable || callable instanceof Opaque)) {
      this.fail(`its pickle calls ${kindOf(callable)}`);
    }
    if (!(args instanceof Tuple)) this.fail(`its pickle calls ${callable.name} without arguments`);
    this.push(callable instanceof Opaque ? callable.called(args.items) : callable.call(args.items, this));
  }

  /** A call with keyword arguments, which no function of the allow-list takes. */
  reduceNamed(): void {
    const named = this.pop();
    this.reduce();
    const made = this.top();
    if (made instanceof Opaque) made.add(named);
  }

  /**
   * Sets attributes. Those of an ordered dictionary (PyTorch stores module versions there) carry no weights.
   */
  build(): void {
    const state = this.pop();
    const object = this.top();
    if (object instanceof Opaque) object.add(state);
    else if (!(object instanceof Map)) this.fail(`its pickle sets attributes of ${kindOf(object)}`);
  }

  append(items: readonly Pickled[]): void {
    const list = this.top();
    if (Array.isArray(list)) for (const item of items) list.push(item);
    else if (list instanceof Opaque) for (const item of items) list.add(item);
    else this.fail(`its pickle appends to ${kindOf(list)}`);
  }

  setItems(items: readonly Pickled[]): void {
    const dict = this.top();
    if (!(dict instanceof PickledDict || dict instanceof Opaque)) {
      this.fail(`its pickle sets items of ${kindOf(dict)}`);
    }
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      const value = items[i + 1];
      if (key === undefined || value === undefined) this.fail('a dictionary lacks a value');
      else if (dict instanceof Opaque) dict.add(new Tuple([key, value]));
      else setItem(dict, key, value);
    }
  }

  /** Runs to STOP and returns the value. */
  run(): Pickled {
    for (;;) {
      this.charge(1);
      const code = this.cursor.uint8();
      if (code === OPCODES.STOP) break;
      const instruction = INSTRUCTIONS.get(code);
      if (!instruction)
        this.fail(`its pickle uses the instruction ${opcodeName(code)}, which no checkpoint needs`);
      else instruction(this);
    }
    const value = this.pop();
    return this.stack.length === 0 ? value : this.fail('its pickle leaves values behind');
  }
}

const RULES: Readonly<Record<Exclude<Opcode, 'STOP'>, (m: Machine) => void>> = {
  MARK: (m) => m.mark(),
  NONE: (m) => m.push(null),
  NEWTRUE: (m) => m.push(true),
  NEWFALSE: (m) => m.push(false),
  BININT: (m) => m.push(m.cursor.int32()),
  BININT1: (m) => m.push(m.cursor.uint8()),
  BININT2: (m) => m.push(m.cursor.uint16()),
  LONG1: (m) => m.push(m.cursor.long(m.cursor.uint8())),
  BINFLOAT: (m) => m.push(m.cursor.float64()),
  BINUNICODE: (m) => m.utf8(m.cursor.uint32()),
  SHORT_BINUNICODE: (m) => m.utf8(m.cursor.uint8()),
  BINUNICODE8: (m) => m.utf8(m.cursor.uint64()),
  BINSTRING: (m) => m.latin1(m.cursor.uint32()),
  SHORT_BINSTRING: (m) => m.latin1(m.cursor.uint8()),
  BINBYTES: (m) => m.latin1(m.cursor.uint32()),
  SHORT_BINBYTES: (m) => m.latin1(m.cursor.uint8()),
  BINBYTES8: (m) => m.latin1(m.cursor.uint64()),
  BYTEARRAY8: (m) => m.latin1(m.cursor.uint64()),
  EMPTY_DICT: (m) => {
    m.charge(DICT_OPERATIONS);
    m.push(new PickledDict());
  },
  EMPTY_LIST: (m) => m.push([]),
  EMPTY_TUPLE: (m) => m.tuple(0),
  TUPLE1: (m) => m.tuple(1),
  TUPLE2: (m) => m.tuple(2),
  TUPLE3: (m) => m.tuple(3),
  TUPLE: (m) => m.push(new Tuple(m.popMark())),
  APPEND: (m) => {
    const item = m.pop();
    m.append([item]);
  },
  APPENDS: (m) => m.append(m.popMark()),
  EMPTY_SET: (m) => m.push(new Opaque('builtins.set', [])),
  ADDITEMS: (m) => m.append(m.popMark()),
  FROZENSET: (m) => m.push(new Opaque('builtins.frozenset', m.popMark())),
  SETITEM: (m) => {
    const value = m.pop();
    m.setItems([m.pop(), value]);
  },
  SETITEMS: (m) => m.setItems(m.popMark()),
  BINPUT: (m) => m.remember(m.cursor.uint8()),
  LONG_BINPUT: (m) => m.remember(m.cursor.uint32()),
  MEMOIZE: (m) => m.remember(m.memo.size),
  BINGET: (m) => m.recall(m.cursor.uint8()),
  LONG_BINGET: (m) => m.recall(m.cursor.uint32()),
  GLOBAL: (m) => m.global(m.cursor.line(MAX_NAME), m.cursor.line(MAX_NAME)),
  STACK_GLOBAL: (m) => {
    const name = m.pop();
    const module = m.pop();
    if (typeof module !== 'string' || typeof name !== 'string')
      m.fail('its pickle contains a name that is not a string');
    else m.global(module, name);
  },
  REDUCE: (m) => m.reduce(),
  NEWOBJ: (m) => m.reduce(),
  NEWOBJ_EX: (m) => m.reduceNamed(),
  BUILD: (m) => m.build(),
  BINPERSID: (m) => m.push(m.host.persistent(m.pop(), m.fail)),
  PROTO: (m) => {
    const protocol = m.cursor.uint8();
    if (protocol > MAX_PROTOCOL) m.fail(`its pickle has protocol ${protocol}, which is not supported`);
  },
  // Frame lengths only help streaming readers.
  FRAME: (m) => void m.cursor.uint64(),
};

const INSTRUCTIONS: ReadonlyMap<number, (m: Machine) => void> = new Map(
  Object.entries(RULES).map(([name, rule]) => [OPCODES[name as keyof typeof RULES], rule]),
);

/** A value and the offset where its pickle ends. */
export interface Unpickled {
  readonly value: Pickled;
  readonly end: number;
}

/**
 * Runs the pickle that begins at `start`.
 *
 * @throws CheckpointError naming the file and the offending instruction; PickleEnd if the bytes end early
 */
export function unpickle(bytes: Buffer, start: number, host: PickleHost): Unpickled {
  const cursor = new Cursor(bytes, start);
  const value = new Machine(cursor, host).run();
  return { value, end: cursor.position };
}
