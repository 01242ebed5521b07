/**
 * Modules: named groups of parameters with a function of values. Names come from the property that holds a
 * module, as in PyTorch, so the path of a parameter is its key in checkpoints: `mod2.block1.convs.conv1.weight`.
 */
import {
  type DType,
  type Shape,
  type StateKind,
  type Tracer,
  UsageError,
  type Value,
} from '@inplace-abn/core';

/** How a module behaves in the step that is being traced. */
export interface Mode {
  /** Batch statistics, dropout and updates of running statistics. */
  readonly training: boolean;
  /** int32 scalar that differs from step to step; needed where something is random. */
  readonly seed?: Value;
}

export const EVALUATION: Mode = { training: false };

/** What a fresh parameter is filled with; initialisers look at the role and the shape. */
export type ParameterRole = 'convolution' | 'linear' | 'bias' | 'scale' | 'zero' | 'one';

export interface StateDefinition {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly kind: StateKind;
  readonly role: ParameterRole;
}

export interface NamedState extends StateDefinition {
  /** Full path: the key in a state dictionary. */
  readonly name: string;
}

/** The module whose forward is being traced, and its mode: what the calls inside inherit. */
interface Call {
  readonly module: Module;
  readonly mode: Mode;
}

const calls = new WeakMap<Tracer, Call>();

export abstract class Module {
  /** Own parameters and buffers by name, in the order of PyTorch's state dictionary. */
  protected readonly states: Record<string, StateDefinition> = {};

  /** The function; `call` runs it under the module's path. */
  protected abstract forward(x: Value, mode: Mode): Value;

  /**
   * Applies the module. Inside the forward of another module its path is that of the property that holds it, and the mode is
   * inherited; at the root, the mode is evaluation unless it is given.
   *
   * @throws UsageError for a module with parameters that the calling module does not hold
   */
  call(x: Value, mode?: Mode): Value {
    return this.entered(x, mode, (inner) => this.forward(x, inner));
  }

  /** Runs `body` as the inside of this module. */
  protected entered<T>({ tracer }: Value, mode: Mode | undefined, body: (mode: Mode) => T): T {
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
  private pathOf(module: Module): string {
    for (const [path, held] of this.modules()) if (held === module) return path;
    if (module.namedStates().length === 0) return '';
    throw new UsageError(
      `${this.constructor.name} calls a ${module.constructor.name} that none of its properties holds, so its parameters have no name: ` +
        'keep it in a property, or in a ModuleList',
    );
  }

  /** The value of an own state in the trace of `x`. */
  protected state(x: Value, name: string): Value {
    const definition = this.states[name];
    if (!definition) throw new UsageError(`module ${x.tracer.path || '(top)'} has no state ${name}`);
    const path = x.tracer.path ? `${x.tracer.path}.${name}` : name;
    return x.tracer.state(path, definition.shape, definition.dtype, definition.kind);
  }

  /** Modules held in own properties, in the order in which they were set. */
  children(): [string, Module][] {
    return Object.entries(this).filter((entry): entry is [string, Module] => entry[1] instanceof Module);
  }

  /** This module and all below it, with their paths. */
  *modules(path = ''): Generator<[string, Module]> {
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

/** All parameters that the trace of `value` has met, by name. */
export function parametersIn(value: Value): Map<string, Value> {
  const { tracer } = value;
  const found = tracer.finish().states.filter((state) => state.kind === 'parameter');
  return new Map(found.map((state) => [state.name, tracer.value(state.value)]));
}
