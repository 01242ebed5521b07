/**
 * Modules: named groups of parameters with a function of values. Names come from the property that holds a
 * module, as in PyTorch, so the path of a parameter is its key in checkpoints: `mod2.block1.convs.conv1.weight`.
 */
import { type DType, type Shape, type StateKind, UsageError, type Value } from '@inplace-abn/core';

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

export abstract class Module {
  /** Own parameters and buffers by name, in the order of PyTorch's state dictionary. */
  protected readonly states: Record<string, StateDefinition> = {};

  /** The function: called through `call`, which sets the module path. */
  protected abstract forward(x: Value, mode: Mode): Value;

  /** Applies the module as the child `name` of the module being traced; no name for the root. */
  call(x: Value, mode: Mode, name = ''): Value {
    return name ? x.tracer.within(name, () => this.forward(x, mode)) : this.forward(x, mode);
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
