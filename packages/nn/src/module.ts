/**
 * Modules: named groups of parameters with a function of values. Names come from the property that holds a
 * module, as in PyTorch, so the path of a parameter is its key in checkpoints: `mod2.block1.convs.conv1.weight`.
 */
import { type DType, type Shape, type StateKind, type Tracer, UsageError, Value } from '@inplace-abn/core';

/** What a module takes or returns: a value, or several by name. */
export type Signals = Value | Readonly<Record<string, Value>>;

/** A module, whatever it takes and returns. */
export type AnyModule = Module<never, Signals>;

/** How a module behaves in the step that is being traced. */
export interface Mode {
  /** Batch statistics, dropout and updates of running statistics. */
  readonly training: boolean;
  /** int32 scalar that differs from step to step; needed where something is random. */
  readonly seed?: Value;
  /** In training: the layers, by path, that normalize by their running statistics and leave these as they are. Default: none. */
  readonly frozenStatistics?: (path: string) => boolean;
}

export const EVALUATION: Mode = { training: false };

/** What a fresh parameter is filled with; initializers look at the role and the shape. */
export type ParameterRole = 'convolution' | 'linear' | 'bias' | 'scale' | 'zero' | 'one';

export interface StateDefinition {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly kind: StateKind;
  readonly role: ParameterRole;
  /** Inputs of the linear layer that this is the bias of. */
  readonly fanIn?: number;
}

export interface NamedState extends StateDefinition {
  /** Full path: the key in a state dictionary. */
  readonly name: string;
}

/** The module whose forward is being traced, and its mode: what the calls inside inherit. */
interface Call {
  readonly module: AnyModule;
  readonly mode: Mode;
}

const calls = new WeakMap<Tracer, Call>();

/** The module that each path of a trace is of. */
const owners = new WeakMap<Tracer, Map<string, AnyModule>>();

/** What the modules of a trace returned at their last call, by path. */
const returned = new WeakMap<Tracer, Map<string, Signals>>();

export abstract class Module<In extends Signals = Value, Out extends Signals = Value> {
  /** Own parameters and buffers by name, in the order of PyTorch's state dictionary. */
  protected readonly states: Record<string, StateDefinition> = {};

  /** The function; `call` runs it under the module's path. */
  protected abstract forward(x: In, mode: Mode): Out;

  /**
   * Applies the module. Inside the forward of another module its path is that of the property that holds it, and the mode is
   * inherited; at the root, the mode is evaluation unless it is given.
   *
   * @throws UsageError for a module with parameters that the calling module does not hold
   */
  call(x: In, mode?: Mode): Out {
    return this.entered(x, mode, (inner) => {
      const out = this.forward(x, inner);
      const { tracer } = firstOf(x, this.constructor.name);
      entryOf(returned, tracer).set(tracer.path, out);
      return out;
    });
  }

  /** Runs `body` as the inside of this module. */
  protected entered<T>(x: In, mode: Mode | undefined, body: (mode: Mode) => T): T {
    const { tracer } = firstOf(x, this.constructor.name);
    const outer = calls.get(tracer);
    const path = outer ? outer.module.pathOf(this) : '';
    const inner = mode ?? outer?.mode ?? EVALUATION;
    calls.set(tracer, { module: this, mode: inner });
    try {
      return path ? tracer.within(path, () => body(inner)) : body(inner);
    } finally {
      if (outer) calls.set(tracer, outer);
      else calls.delete(tracer);
    }
  }

  /** Path of a module below this one; '' for one that is not, which may have no states. */
  private pathOf(module: AnyModule): string {
    for (const [path, held] of this.modules()) if (held === module) return path;
    if (module.namedStates().length === 0) return '';
    throw new UsageError(
      `${this.constructor.name} calls a ${module.constructor.name} that none of its properties holds, so its parameters have no name: ` +
        'keep it in a property, or in a ModuleList',
      { code: 'ERR_NOT_HELD' },
    );
  }

  /** The value of an own state in the trace of `x`. */
  protected state(x: Value, name: string): Value {
    const definition = this.states[name];
    if (!definition) throw new UsageError(`module ${x.tracer.path || '(top)'} has no state ${name}`);
    const path = x.tracer.path ? `${x.tracer.path}.${name}` : name;
    this.claim(x.tracer, path);
    return x.tracer.state(path, definition.shape, definition.dtype, definition.kind);
  }

  /** Throws where another module has the state `path` in this trace: the two would share it. */
  private claim(tracer: Tracer, path: string): void {
    const known = entryOf(owners, tracer);
    const owner = known.get(path);
    if (owner !== undefined && owner !== this) {
      throw new UsageError(
        `two modules are called under the name ${path}, a ${owner.constructor.name} and a ${this.constructor.name}: ` +
          'hold both in one module, under different names',
        { code: 'ERR_NAME_TAKEN' },
      );
    }
    known.set(path, this);
  }

  /** Modules held in own properties, in the order in which they were set. */
  children(): [string, AnyModule][] {
    return Object.entries(this).filter((entry): entry is [string, AnyModule] => entry[1] instanceof Module);
  }

  /** This module and all below it, with their paths. */
  *modules(path = ''): Generator<[string, AnyModule]> {
    yield [path, this];
    for (const [name, child] of this.children()) yield* child.modules(path ? `${path}.${name}` : name);
  }

  /** Every parameter and buffer, named, in the order of PyTorch's state_dict(). */
  namedStates(): NamedState[] {
    return [...this.modules()].flatMap(([path, module]) =>
      Object.entries(module.states).map(([name, definition]) => ({
        ...definition,
        name: path ? `${path}.${name}` : name,
      })),
    );
  }
}

export function parameter(shape: Shape, role: ParameterRole): StateDefinition {
  return { shape, dtype: 'float32', kind: 'parameter', role };
}

export function buffer(shape: Shape, role: 'zero' | 'one', dtype: DType = 'float32'): StateDefinition {
  return { shape, dtype, kind: 'buffer', role };
}

/** What the module at `path` returned in the trace of `value`; undefined for a path that was not called. */
export function returnedAt(tracer: Tracer, path: string): Signals | undefined {
  return returned.get(tracer)?.get(path);
}

/** The paths that were called in a trace, in the order in which they returned. */
export function calledPaths(tracer: Tracer): string[] {
  return [...(returned.get(tracer)?.keys() ?? [])].filter((path) => path !== '');
}

function firstOf(x: Signals, name: string): Value {
  const first = x instanceof Value ? x : Object.values(x)[0];
  if (first) return first;
  throw new UsageError(`${name} was called without a value to take its trace from`);
}

function entryOf<T>(map: WeakMap<Tracer, Map<string, T>>, tracer: Tracer): Map<string, T> {
  const known = map.get(tracer) ?? new Map<string, T>();
  map.set(tracer, known);
  return known;
}

/** All parameters that the trace of `value` has met, by name. */
export function parametersIn(value: Value): Map<string, Value> {
  const { tracer } = value;
  const found = tracer.finish().states.filter((state) => state.kind === 'parameter');
  return new Map(found.map((state) => [state.name, tracer.value(state.value)]));
}
