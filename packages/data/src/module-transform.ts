/** User-defined transforms. They come as modules, because functions cannot be posted to worker threads. */
import { reasonOf, TransformError } from './errors.js';
import { checkSide } from './geometry.js';
import type { SegmentationTransform } from './segmentation-transform.js';
import type { Transform } from './transform.js';

/** Location and options of a user-defined transform. */
export interface TransformModule {
  /**
   * A JavaScript module, such as `new URL('./my-transform.js', import.meta.url)`. Its default export takes
   * the options and returns a {@link Transform} without `spec`. Each thread imports the module.
   */
  readonly module: URL;
  /** Anything that structured cloning copies; functions cannot be copied. */
  readonly options?: unknown;
}

/** The form posted to the threads. */
export interface ModuleSpec {
  /** Tells it from the transforms of this package. */
  readonly kind: 'module';
  /** URL of the module. */
  readonly module: string;
  /** Passed to its default export; anything that can be cloned. */
  readonly options: unknown;
}

/**
 * Makes a transform from a user's module, for {@link createLoader}.
 * @throws TransformError if the module cannot be imported or does not return a transform
 */
export async function moduleTransform(source: TransformModule): Promise<Transform> {
  const made = await makeFromModule(specOf(source));
  if ('apply' in made) return made;
  throw new TransformError(
    `${source.module.href} makes a segmentation transform, with applyLabeled instead of apply`,
  );
}

/**
 * The same for images with label maps: the module's transform has `applyLabeled`.
 *
 * @throws TransformError if the module cannot be imported or does not return such a transform
 */
export async function moduleSegmentationTransform(source: TransformModule): Promise<SegmentationTransform> {
  const made = await makeFromModule(specOf(source));
  if ('applyLabeled' in made) return made;
  throw new TransformError(
    `${source.module.href} does not make a segmentation transform: it has apply instead of applyLabeled`,
  );
}

function specOf({ module, options }: TransformModule): ModuleSpec {
  try {
    return { kind: 'module', module: module.href, options: structuredClone(options) };
  } catch (error) {
    throw new TransformError(
      `The options for ${module.href} cannot be copied to a thread: ${reasonOf(error)}.`,
    );
  }
}

/** The module's return value, before validation. */
interface Made {
  readonly width?: unknown;
  readonly height?: unknown;
  readonly apply?: unknown;
  readonly applyLabeled?: unknown;
}

export async function makeFromModule(spec: ModuleSpec): Promise<Transform | SegmentationTransform> {
  const make: unknown = await importDefault(spec.module);
  if (typeof make !== 'function') {
    throw new TransformError(`${spec.module} has no function as its default export: options => transform`);
  }
  const made: unknown = await make(spec.options);
  if (typeof made !== 'object' || made === null)
    throw new TransformError(`${spec.module} does not make a transform: expected an object`);
  return checked(made, spec);
}

async function importDefault(module: string): Promise<unknown> {
  try {
    return (await import(module)).default;
  } catch (error) {
    throw new TransformError(`The transform ${module} cannot be imported: ${reasonOf(error)}.`);
  }
}

function checked(made: Made, spec: ModuleSpec): Transform | SegmentationTransform {
  const { width, height, apply, applyLabeled } = made;
  if (typeof width !== 'number' || typeof height !== 'number') {
    throw new TransformError(`${spec.module} does not make a transform: it has no width and height`);
  }
  checkSide('width', width);
  checkSide('height', height);
  const size = { spec, width, height };
  if (typeof apply === 'function') return { ...size, apply: (...args) => apply.apply(made, args) };
  if (typeof applyLabeled === 'function') {
    return { ...size, applyLabeled: (...args) => applyLabeled.apply(made, args) };
  }
  throw new TransformError(`${spec.module} does not make a transform: it has neither apply nor applyLabeled`);
}
