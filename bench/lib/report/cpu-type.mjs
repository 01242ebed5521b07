// @ts-check
// The type of a CPU by its family and model: virtual machines often call it no more than "AMD EPYC".

/** Family, first and last model, name. @type {readonly (readonly [number, number, number, string])[]} */
const AMD = [
  [23, 0x00, 0x2f, 'Zen 1'],
  [23, 0x30, 0xff, 'Zen 2'],
  [25, 0x10, 0x1f, 'Zen 4'],
  [25, 0x60, 0x7f, 'Zen 4'],
  [25, 0xa0, 0xaf, 'Zen 4'],
  [25, 0x00, 0xff, 'Zen 3'],
  [26, 0x00, 0xff, 'Zen 5'],
];
/** @type {typeof AMD} */
const INTEL = [
  [6, 85, 85, 'Cascade Lake'],
  [6, 106, 106, 'Ice Lake'],
  [6, 108, 108, 'Ice Lake'],
  [6, 143, 143, 'Sapphire Rapids'],
  [6, 173, 173, 'Granite Rapids'],
  [6, 207, 207, 'Emerald Rapids'],
];
const VENDORS = new Map([
  ['AuthenticAMD', AMD],
  ['GenuineIntel', INTEL],
]);

/**
 * @param {string} cpuinfo  text of /proc/cpuinfo
 * @param {string} fallback  the model's name, for a CPU that the lists do not have
 */
export function cpuTypeOf(cpuinfo, fallback) {
  const field = (/** @type {string} */ name) =>
    new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(cpuinfo)?.[1] ?? '';
  const [family, model] = [Number(field('cpu family')), Number(field('model'))];
  const types = VENDORS.get(field('vendor_id')) ?? [];
  const type = types.find(([of, first, last]) => of === family && model >= first && model <= last);
  return type?.[3] ?? fallback;
}

/** `zen-4`: the name of a CPU's file. @param {string} cpu */
export const fileNamed = (cpu) =>
  cpu
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
