/** Names of processors on ARM, whose /proc/cpuinfo has none. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { newFolder } from '../../../../tools/vitest/new-folder.js';
import { processorName, withCoreNames } from '../../src/devices/arm-cores.js';

/** /proc/cpuinfo of cores with these codes, as Linux writes it. */
function cpuinfoOf(...cores: readonly (readonly [implementer: string, part: string])[]): string {
  return cores
    .map(
      ([implementer, part], index) =>
        `processor\t: ${index}\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd evtstrm\nCPU implementer\t: ${implementer}\n` +
        `CPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: ${part}\nCPU revision\t: 1\n\n`,
    )
    .join('');
}

const MACHINES = [
  ['of one kind', cpuinfoOf(['0x41', '0xd40'], ['0x41', '0xd40']), 'Neoverse-V1'],
  [
    'of two kinds',
    cpuinfoOf(['0x41', '0xd03'], ['0x41', '0xd08'], ['0x41', '0xd03']),
    'Cortex-A53 and Cortex-A72',
  ],
  ['of another designer', cpuinfoOf(['0xc0', '0xac3']), 'Ampere-1'],
  ['without a known name', cpuinfoOf(['0x41', '0xfff']), 'unknown ARM (implementer 0x41, part 0xfff)'],
  [
    'of another designer without one',
    cpuinfoOf(['0x99', '0xd40']),
    'unknown ARM (implementer 0x99, part 0xd40)',
  ],
  ['without codes', 'processor\t: 0\nhart\t: 1\n', 'unknown'],
  ['without the file', '', 'unknown'],
] as const;

describe('a processor', () => {
  it.each(MACHINES)('%s', async (_, cpuinfo, name) => {
    const root = await newFolder('cpuinfo');
    mkdirSync(join(root, 'proc'));
    if (cpuinfo !== '') writeFileSync(join(root, 'proc', 'cpuinfo'), cpuinfo);
    expect(processorName('unknown', root)).toBe(name);
    // Node may have a name of the first core.
    if (cpuinfo.includes('CPU part')) expect(processorName('Cortex-A53', root)).toBe(name);
  });

  it('is named by Node where it can', () => {
    expect(processorName(' AMD EPYC 7B13 ', '/nowhere')).toBe('AMD EPYC 7B13');
    const [first] = cpus();
    if (process.arch === 'x64' && first?.model) expect(processorName()).toBe(first.model.trim());
  });
});

/** `npm run test:all` builds it with the addon of our own kernels. */
const BUILT = process.env.IABN_ADDON?.endsWith('/own-kernels/inplace_abn.node') ?? false;
const PROGRAM = fileURLToPath(new URL('../../../../native/build/test/processor_of_cpuinfo', import.meta.url));

describe.runIf(BUILT)('the native addon', () => {
  const nameOf = (input: string) => execFileSync(PROGRAM, { input, encoding: 'utf8' }).trimEnd();

  it.each(MACHINES)('says the same of a processor %s', (_, cpuinfo, name) => {
    expect(withCoreNames(nameOf(cpuinfo))).toBe(name);
  });

  it('takes the name of a model', () => {
    expect(nameOf('processor\t: 0\nmodel\t\t: 1\nmodel name\t: AMD EPYC 7B13\nCPU part\t: 1\n')).toBe(
      'AMD EPYC 7B13',
    );
  });
});
