import { describe, expect, it } from 'vitest';
import { BUILD_PACKAGES, TEST_PACKAGES } from './debian.mjs';
import { installLine, missingMessage, systemOf } from './systems.mjs';

describe('systemOf', () => {
  it.each([
    ['linux', 'NAME="Fedora Linux"\nID=fedora\nVERSION_ID=42', 'fedora'],
    ['linux', 'ID="rocky"\nID_LIKE="rhel centos fedora"', 'fedora'],
    ['linux', 'ID=manjaro\nID_LIKE=arch', 'arch'],
    ['linux', 'ID=ubuntu\nID_LIKE=debian', 'ubuntu'],
    ['linux', 'ID=alpine', undefined],
    ['darwin', '', 'macos'],
  ])('%s with %j is %s', (platform, release, system) => {
    expect(systemOf(platform, release)).toBe(system);
  });
});

describe('the line to run', () => {
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
    [
      'macos',
      'macOS: brew install cmake ninja libomp onednn clang-format && export OpenMP_ROOT="$(brew --prefix libomp)"',
    ],
  ])('of %s has everything', (system, line) => {
    expect(installLine(system, [...BUILD_PACKAGES, ...TEST_PACKAGES])).toBe(line);
  });
});

describe('the message of a system that lacks something', () => {
  it('has the line of that system only', () => {
    expect(missingMessage(['CMake', 'oneDNN'], 'fedora', BUILD_PACKAGES)).toBe(
      'missing: CMake, oneDNN. Install it, then run the command again:\n' +
        '  Fedora: sudo dnf install cmake ninja-build gcc-c++ onednn-devel gloo-devel ocl-icd-devel',
    );
  });

  it('has the line of each system where this one is unknown', () => {
    const message = missingMessage(['CMake'], undefined, BUILD_PACKAGES);
    for (const name of ['Fedora: ', 'Arch: ', 'Ubuntu and Debian: ', 'macOS: '])
      expect(message).toContain(name);
  });

  it('says where Gloo comes from that no package has', () => {
    expect(missingMessage(['Gloo'], 'arch', BUILD_PACKAGES)).toContain('build facebookincubator/gloo');
    expect(missingMessage(['Gloo'], 'fedora', BUILD_PACKAGES)).not.toContain('facebookincubator');
    expect(missingMessage(['oneDNN'], 'arch', BUILD_PACKAGES)).not.toContain('facebookincubator');
  });
});
