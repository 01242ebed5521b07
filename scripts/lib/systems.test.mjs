import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { BUILD_PACKAGES, ensureSystemPackages, TEST_PACKAGES } from './debian.mjs';
import { installLine, missingMessage, systemOf } from './systems.mjs';

describe('systemOf', () => {
  it.each([
    ['linux', 'NAME="Fedora Linux"\nID=fedora\nVERSION_ID=42', 'fedora'],
    ['linux', 'ID="rocky"\nID_LIKE="rhel centos fedora"', 'fedora'],
    ['linux', 'ID=manjaro\nID_LIKE=arch', 'arch'],
    ['linux', 'ID=ubuntu\nID_LIKE=debian', 'ubuntu'],
    ['linux', 'ID=alpine', undefined],
    ['darwin', '', 'macos'],
    ['win32', '', 'windows'],
  ])('%s with %j is %s', (platform, release, system) => {
    expect(systemOf(platform, release)).toBe(system);
  });
});

describe('the install command', () => {
  it.each([
    [
      'fedora',
      'Fedora: sudo dnf install cmake ninja-build gcc-c++ onednn-devel gloo-devel ocl-icd-devel clang-tools-extra',
    ],
    ['arch', 'Arch: sudo pacman -S --needed cmake ninja gcc onednn ocl-icd opencl-headers clang'],
    [
      'ubuntu',
      'Ubuntu and Debian: sudo apt-get install -y --no-install-recommends cmake ninja-build g++ libdnnl-dev libgloo-dev ocl-icd-opencl-dev dataset-fashion-mnist clang-format',
    ],
    ['macos', 'macOS: xcode-select --install; brew install cmake ninja clang-format'],
    [
      'windows',
      'Windows: winget install Kitware.CMake Ninja-build.Ninja BrechtSanders.WinLibs.POSIX.UCRT LLVM.LLVM',
    ],
  ])('for %s installs everything', (system, line) => {
    expect(installLine(system, [...BUILD_PACKAGES, ...TEST_PACKAGES])).toBe(line);
  });
});

describe('the message of a system that lacks something', () => {
  it('has only the command of that system', () => {
    expect(missingMessage(['CMake', 'oneDNN'], 'fedora', BUILD_PACKAGES)).toBe(
      'missing: CMake, oneDNN. Install it, then run the command again:\n' +
        '  Fedora: sudo dnf install cmake ninja-build gcc-c++ onednn-devel gloo-devel ocl-icd-devel',
    );
  });

  it('has the commands of all systems if this one is unknown', () => {
    const message = missingMessage(['CMake'], undefined, BUILD_PACKAGES);
    for (const name of ['Fedora: ', 'Arch: ', 'Ubuntu and Debian: ', 'macOS: ', 'Windows: '])
      expect(message).toContain(name);
  });

  it('says where Gloo comes from if no package has it', () => {
    expect(missingMessage(['Gloo'], 'arch', BUILD_PACKAGES)).toContain('build facebookincubator/gloo');
    expect(missingMessage(['Gloo'], 'fedora', BUILD_PACKAGES)).not.toContain('facebookincubator');
    expect(missingMessage(['oneDNN'], 'arch', BUILD_PACKAGES)).not.toContain('facebookincubator');
  });
});

describe('set-up on a system without apt', () => {
  /**
   * A machine whose only commands are these shell scripts, and which os-release describes.
   */
  function machine(platform, release, commands = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'inplace-abn-system-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const [name, script] of Object.entries(commands)) {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(folder, name), 0o755);
    }
    vi.stubEnv('PATH', folder);
    vi.stubEnv('CXX', undefined);
    onTestFinished(() => vi.unstubAllEnvs());
    const osRelease = join(folder, 'os-release');
    if (release !== null) writeFileSync(osRelease, release);
    return { platform, osRelease };
  }

  it.each([
    ['linux', 'NAME="Fedora Linux"\nID=fedora\n', 'Fedora: sudo dnf install cmake'],
    ['linux', 'ID=endeavouros\nID_LIKE="arch"\n', 'Arch: sudo pacman -S --needed cmake'],
    ['linux', 'ID=ubuntu\nID_LIKE=debian\n', 'Ubuntu and Debian: sudo apt-get install -y'],
  ])('prints the command of %s with %j', async (platform, release, line) => {
    const lines = ensureSystemPackages(BUILD_PACKAGES, machine(platform, release)).catch(({ message }) =>
      message.split('\n'),
    );
    const [what, ...how] = await lines;
    expect(what).toBe('missing: a C++ compiler, CMake, Ninja. Install it, then run the command again:');
    expect(how).toHaveLength(1);
    expect(how[0]).toContain(line);
  });

  it.each([
    ['darwin', 'a C++ compiler', 'macOS: xcode-select --install; brew install cmake ninja'],
    ['win32', 'GCC of MinGW-w64', 'Windows: winget install Kitware.CMake Ninja-build.Ninja BrechtSanders'],
  ])('says on %s who needs no compiler', async (platform, compiler, line) => {
    const make = { make: 'exit 0' };
    const error = await ensureSystemPackages(BUILD_PACKAGES, machine(platform, null, make)).catch((it) => it);
    const [what, ...how] = error.message.split('\n');
    const ninja = platform === 'win32' ? ', Ninja' : '';
    expect(what).toContain(`missing: ${compiler}, CMake${ninja}. Install it`);
    expect(how).toEqual([
      expect.stringContaining(line),
      expect.stringContaining('from npm need no compiler: its kernels are prebuilt, or in WebAssembly'),
    ]);
  });

  it.each(['darwin', 'win32'])('requires no library on %s', async (platform) => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    onTestFinished(() => said.mockRestore());
    const tools = { 'g++': 'exit 0', ninja: 'exit 0', cmake: 'echo missing:Gloo >&2' };
    await ensureSystemPackages(BUILD_PACKAGES, machine(platform, null, tools));
    expect(said).not.toHaveBeenCalled();
  });

  it('prints the commands of all systems if there is no os-release', async () => {
    await expect(ensureSystemPackages(BUILD_PACKAGES, machine('linux', null))).rejects.toThrow(
      /Fedora: .*Arch: .*Ubuntu and Debian: .*macOS: .*Windows: /s,
    );
  });

  it('continues without oneDNN, and says how to get it', async () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    onTestFinished(() => said.mockRestore());
    const tools = { 'c++': 'exit 0', ninja: 'exit 0', cmake: 'echo missing:oneDNN >&2' };
    await ensureSystemPackages(BUILD_PACKAGES, machine('linux', 'ID=fedora', tools));
    expect(said.mock.calls).toEqual([
      [
        'oneDNN is not installed: our own kernels serve every op, and training is slower. Install it ' +
          '(Fedora: sudo dnf install onednn-devel ocl-icd-devel), remove native/build, and run this again for full speed\n',
      ],
    ]);
  });

  it('names the library that CMake does not find, and where it comes from', async () => {
    const tools = { 'c++': 'exit 0', ninja: 'exit 0', cmake: 'echo missing:Gloo >&2' };
    await expect(ensureSystemPackages(BUILD_PACKAGES, machine('linux', 'ID=arch', tools))).rejects.toThrow(
      /^missing: Gloo\. Install it.*Arch: sudo pacman.*build facebookincubator\/gloo with CMake/s,
    );
  });
});
