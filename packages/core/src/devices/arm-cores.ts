/** Names of processors that Linux on ARM describes by codes alone. */
import { cpus } from 'node:os';
import { textsBelow } from './control-groups.js';

/** Common cores by the codes of their designer and design in /proc/cpuinfo, named as by lscpu. */
const CORES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // Arm
  '0x41': {
    '0xd03': 'Cortex-A53',
    '0xd05': 'Cortex-A55',
    '0xd07': 'Cortex-A57',
    '0xd08': 'Cortex-A72',
    '0xd09': 'Cortex-A73',
    '0xd0a': 'Cortex-A75',
    '0xd0b': 'Cortex-A76',
    '0xd0c': 'Neoverse-N1',
    '0xd0d': 'Cortex-A77',
    '0xd40': 'Neoverse-V1',
    '0xd41': 'Cortex-A78',
    '0xd42': 'Cortex-A78AE',
    '0xd44': 'Cortex-X1',
    '0xd46': 'Cortex-A510',
    '0xd47': 'Cortex-A710',
    '0xd48': 'Cortex-X2',
    '0xd49': 'Neoverse-N2',
    '0xd4a': 'Neoverse-E1',
    '0xd4d': 'Cortex-A715',
    '0xd4e': 'Cortex-X3',
    '0xd4f': 'Neoverse-V2',
    '0xd84': 'Neoverse-V3',
    '0xd8e': 'Neoverse-N3',
  },
  // Fujitsu
  '0x46': { '0x001': 'A64FX' },
  // HiSilicon
  '0x48': { '0xd01': 'Kunpeng-920' },
  // Microsoft
  '0x6d': { '0xd49': 'Azure-Cobalt-100' },
  // Ampere
  '0xc0': { '0xac3': 'Ampere-1', '0xac4': 'Ampere-1a' },
};

/** Replaces codes of cores in a text of the native addon (native/platform/cpuinfo.h) by known names. */
export function withCoreNames(text: string): string {
  return text.replace(
    /unknown ARM \(implementer (\w+), part (\w+)\)/g,
    (codes, implementer, part) => CORES[implementer]?.[part] ?? codes,
  );
}

/**
 * Name of this machine's processor, such as `Neoverse-V1`; several kinds of cores are joined by "and". Cores
 * without a known name are given by their codes.
 *
 * @param model as Node names the first core; used where Linux gives no codes of cores
 * @param root folder that holds `proc`; default the machine's
 */
export function processorName(model = cpus()[0]?.model ?? '', root = ''): string {
  const cpuinfo = textsBelow(root)('/proc/cpuinfo');
  const cores = cpuinfo.matchAll(/^CPU implementer\s*: (\w+)$[\s\S]*?^CPU part\s*: (\w+)$/gm);
  const kinds = [...cores].map(([, implementer, part]) => {
    return withCoreNames(`unknown ARM (implementer ${implementer}, part ${part})`);
  });
  return [...new Set(kinds)].join(' and ') || model.trim() || 'unknown';
}
