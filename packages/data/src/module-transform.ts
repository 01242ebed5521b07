/** Transforms of a user's own: they come as modules, because functions do not travel between threads. */
import { reasonOf } from './errors.js';
import { checkSide } from './geometry.js';
import type { SegmentationTransform } from './segmentation-transform.js';
import type { Transform } from './transform.js';

/** Where a transform of a user's own is. */
export interface TransformModule {
  /**
   * A JavaScript module, as `new URL('./my-transform.js', import.meta.url)`. Its default export takes the options and returns
   * what {@link Transform} has but for `spec`; each thread imports it.
   */
  readonly module: URL;
  /** What can be copied to another thread: no functions. */
  readonly options?: unknown;
}

/** What travels to the threads. */
export interface ModuleSpec {
  readonly kind: 'module';
  readonly module: string;
  readonly options: unknown;
}

/**
 * A transform of a user's own, for {@link createLoader}.
 * @throws TypeError where the module cannot be imported, or makes no transform of these options
 */
export async function moduleTransform(source: TransformModule): Promise<Transform> {
  const made = await makeFromModule(specOf(source));
  if ('apply' in made) return made;
  throw new TypeError(
    `${source.module.href} makes a segmentation transform, with applyLabelled in place of apply`,
  );
}

/** The same for images with label maps: what the module makes has `applyLabelled`. */
export async function moduleSegmentationTransform(source: TransformModule): Promise<SegmentationTransform> {
  const made = await makeFromModule(specOf(source));
  if ('applyLabelled' in made) return made;
  throw new TypeError(
    `${source.module.href} makes no segmentation transform: it has apply in place of applyLabelled`,
  );
}

function specOf({ module, options }: TransformModule): ModuleSpec {
  try {
    return { kind: 'module', module: module.href, options: structuredClone(options) };
  } catch (error) {
    throw new TypeError(`The options for ${module.href} cannot be copied to a thread: ${reasonOf(error)}.`);
  }
}

/** What a module makes, before it is checked. */
interface Made {
  readonly width?: unknown;
  readonly height?: unknown;
  readonly apply?: unknown;
  readonly applyLabelled?: unknown;
}

export async function makeFromModule(spec: ModuleSpec): Promise<Transform | SegmentationTransform> {
  const make: unknown = await importDefault(spec.module);
  if (typeof make !== 'function') {
    throw new TypeError(`${spec.module} has no function as its default export: options => transform`);
  }
  const made: unknown = await make(spec.options);
  if (typeof made !== 'object' || made === null)
    throw new TypeError(`${spec.module} makes no transform: expected an object`);
  return checked(made, spec);
}

async function importDefault(module: string): Promise<unknown> {
  try {
    return (await import(module)).default;
  } catch (error) {
    throw new TypeError(`The transform ${module} cannot be imported: ${reasonOf(error)}.`);
  }
}

function checked(made: Made, spec: ModuleSpec): Transform | SegmentationTransform {
  const { width, height, apply, applyLabelled } = made;
  if (typeof width !== 'number' || typeof height !== 'number') {
    throw new TypeError(`${spec.module} makes no transform: it has no width and height`);
  }
  checkSide('width', width);
  checkSide('height', height);
  const size = { spec, width, height };
  if (typeof apply === 'function') return { ...size, apply: (...args) => apply.apply(made, args) };
  if (typeof applyLabelled === 'function') {
    return { ...size, applyLabelled: (...args) => applyLabelled.apply(made, args) };
  }
  throw new TypeError(`${spec.module} makes no transform: it has neither apply nor applyLabelled`);
}
