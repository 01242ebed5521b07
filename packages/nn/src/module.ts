/**
 * Modules: named groups of parameters with a forward function. As in PyTorch, a module is named after the
 * property that holds it, so the path of a parameter is its key in checkpoints:
 * `mod2.block1.convs.conv1.weight`.
 */
import {
  type DType,
  described,
  type Shape,
  type StateKind,
  type Tracer,
  UsageError,
  Value,
} from '@inplace-abn/core';
import manifest from '../package.json' with { type: 'json' };

/** Input or output of a module: a value, or several by name. */
export type Signals = Value | Readonly<Record<string, Value>>;

/** A module with any input and output. */
export type AnyModule = Module<never, Signals>;

/** The mode of a module in the traced step. */
export interface Mode {
  /** Enables batch statistics, dropout and updates of running statistics. */
  readonly training: boolean;
  /** int32 scalar that changes at every step; required by random ops. */
  readonly seed?: Value;
  /**
   * Selects layers, by path, that normalize with their running statistics in training and do not update them.
   * Default: none.
   */
  readonly frozenStatistics?: (path: string) => boolean;
}

/** The mode of a forward pass that does not train: running statistics, no dropout. */
export const EVALUATION: Mode = { training: false };

/** With its shape, determines the initial content of a state. */
export type ParameterRole = 'convolution' | 'linear' | 'bias' | 'scale' | 'zero' | 'one';

/** Type, kind and initial content of a module's state. */
export interface StateDefinition {
  /** Row-major, as in PyTorch's state dictionary. */
  readonly shape: Shape;
  /** float32; int64 for `num_batches_tracked`. */
  readonly dtype: DType;
  /** `parameter`: trained. `buffer`: running statistics. */
  readonly kind: StateKind;
  /** Selects the rule for the initial content. */
  readonly role: ParameterRole;
  /** Input features of the linear layer that this bias belongs to. */
  readonly fanIn?: number;
}

/** A state with its name in state dictionaries. */
export interface NamedState extends StateDefinition {
  /** Full path, which is the key in a state dictionary. */
  readonly name: string;
}

/** The module whose forward is being traced, and the mode that calls inside inherit. */
interface Call {
  readonly module: AnyModule;
  readonly mode: Mode;
}

const calls = new WeakMap<Tracer, Call>();

/** The module at each path of a trace. */
const owners = new WeakMap<Tracer, Map<string, AnyModule>>();

/** Outputs of modules at their last call in a trace, by path. */
const returned = new WeakMap<Tracer, Map<string, Signals>>();

/** A named group of parameters with a forward function, in the manner of torch.nn.Module. */
export abstract class Module<In extends Signals = Value, Out extends Signals = Value> {
  /** Version of the package. A program may load several copies, which do not accept each other's modules. */
  static readonly version: string = manifest.version;

  /** The module's own parameters and buffers by name, in the order of PyTorch's state dictionary. */
  protected readonly states: Record<string, StateDefinition> = {};

  /** Computes the output; `call` runs it under the module's path. */
  protected abstract forward(x: In, mode: Mode): Out;

  /**
   * Applies the module. Inside the forward of another module, its path comes from the property that holds it,
   * and it inherits the mode. At the root the default mode is evaluation.
   *
   * @throws UsageError for a module with parameters that the calling module does not hold, and for a forward
   * that is missing or returns no value
   */
  call(x: In, mode?: Mode): Out {
    return this.entered(x, mode, (inner) => {
      const out = this.checked(this.forward?.(x, inner));
      const { tracer } = firstOf(x, this.constructor.name);
      entryOf(returned, tracer).set(tracer.path, out);
      return out;
    });
  }

  /** @throws UsageError for a forward that is missing or returns anything but values, as JavaScript allows */
  private checked(out: Out | undefined): Out {
    const values = out instanceof Value ? [out] : Object.values(out ?? {});
    if (out && values.length > 0 && values.every((value) => value instanceof Value)) return out;
    const name = this.constructor.name || 'a module';
    throw new UsageError(
      typeof this.forward === 'function'
        ? `${name}: forward returned ${described(out)}: return a value, or values by name`
        : `${name} has no method forward(x)`,
    );
  }

  /** Runs `body` inside this module. */
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

  /** The path of a module below this one; '' for any other module, which must not have states. */
  private pathOf(module: AnyModule): string {
    for (const [path, held] of this.modules()) if (held === module) return path;
    if (module.namedStates().length === 0) return '';
    throw new UsageError(
      `${this.constructor.name} calls a ${module.constructor.name} that none of its properties holds, so its parameters have no name: ` +
        'keep it in a property, or in a ModuleList',
      { code: 'ERR_NOT_HELD' },
    );
  }

  /**
   * The value of one of the module's states in the trace of `x`.
   *
   * @throws UsageError for a name that `states` lacks, and if another module has a state of the same path
   */
  protected state(x: Value, name: string): Value {
    const definition = this.states[name];
    if (!definition) throw new UsageError(`module ${x.tracer.path || '(top)'} has no state ${name}`);
    const path = x.tracer.path ? `${x.tracer.path}.${name}` : name;
    this.claim(x.tracer, path);
    return x.tracer.state(path, definition.shape, definition.dtype, definition.kind);
  }

  /**
   * @throws UsageError if another module owns the state `path` in this trace, because the two would share it
   */
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

  /** Modules held by properties, in the order in which they were set. */
  children(): [string, AnyModule][] {
    return Object.entries(this).filter((entry): entry is [string, AnyModule] => entry[1] instanceof Module);
  }

  /** This module and all modules below it, with their paths. */
  *modules(path = ''): Generator<[string, AnyModule]> {
    yield [path, this];
    for (const [name, child] of this.children()) yield* child.modules(path ? `${path}.${name}` : name);
  }

  /** Every parameter and buffer with its path, in the order of PyTorch's state_dict(). */
  namedStates(): NamedState[] {
    return [...this.modules()].flatMap(([path, module]) =>
      Object.entries(module.states).map(([name, definition]) => ({
        ...definition,
        name: path ? `${path}.${name}` : name,
      })),
    );
  }
}

/** A trained float32 state. */
export function parameter(shape: Shape, role: ParameterRole): StateDefinition {
  return { shape, dtype: 'float32', kind: 'parameter', role };
}

/** A state that the optimizer does not train, such as a running mean. */
export function buffer(shape: Shape, role: 'zero' | 'one', dtype: DType = 'float32'): StateDefinition {
  return { shape, dtype, kind: 'buffer', role };
}

/** The output of the module at `path` in a trace; undefined if it was not called. */
export function returnedAt(tracer: Tracer, path: string): Signals | undefined {
  return returned.get(tracer)?.get(path);
}

/** The paths called in a trace, in the order in which they returned. */
function calledPaths(tracer: Tracer): string[] {
  return [...(returned.get(tracer)?.keys() ?? [])].filter((path) => path !== '');
}

/** Paths that an error lists. */
const MOST_LISTED = 12;

/**
 * The paths called in a trace for an error, those of outer layers first; `within`: those inside that layer.
 */
export function listCalled(tracer: Tracer, within = ''): string {
  const depth = (path: string) => path.split('.').length;
  const paths = calledPaths(tracer)
    .filter((path) => within === '' || path.startsWith(`${within}.`))
    .sort((a, b) => depth(a) - depth(b));
  const more = paths.length > MOST_LISTED ? ` and ${paths.length - MOST_LISTED} more` : '';
  return `${paths.slice(0, MOST_LISTED).join(', ')}${more}`;
}

function firstOf(x: Signals, name: string): Value {
  const first = x instanceof Value ? x : Object.values(x ?? {})[0];
  if (first instanceof Value) return first;
  throw new UsageError(`${name}: expected a traced value, or several by name, but received ${described(x)}`);
}

function entryOf<T>(map: WeakMap<Tracer, Map<string, T>>, tracer: Tracer): Map<string, T> {
  const known = map.get(tracer) ?? new Map<string, T>();
  map.set(tracer, known);
  return known;
}

/** All parameters in the trace of `value`, by name. */
export function parametersIn(value: Value): Map<string, Value> {
  const { tracer } = value;
  const found = tracer.finish().states.filter((state) => state.kind === 'parameter');
  return new Map(found.map((state) => [state.name, tracer.value(state.value)]));
}
