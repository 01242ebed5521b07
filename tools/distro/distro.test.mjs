import { describe, expect, it } from 'vitest';
import { debianMirrors, networkEnvironment, npmSettings, suiteSources } from './host.mjs';
import { isOlder, missingPackages, suiteNamed } from './system.mjs';

describe('the archives of this machine', () => {
  const deb822 = `Types: deb
# http://snapshot.example/debian
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates

URIs: http://mirror.example/debian-security
`;

  it.each([
    ['deb822', deb822, 'http://mirror.example/debian', 'http://mirror.example/debian-security'],
    [
      'one line',
      'deb [signed-by=/k.gpg] https://m.example/debian/ trixie main',
      'https://m.example/debian/',
      undefined,
    ],
    ['of others', 'deb http://archive.example/ubuntu noble main', undefined, undefined],
  ])('are found in %s', (_, sources, mirror, security) => {
    expect(debianMirrors(sources)).toEqual({ mirror, security });
  });

  it('also serve another suite', () => {
    expect(suiteSources('trixie', debianMirrors(deb822))).toBe(
      'deb http://mirror.example/debian trixie main\n' +
        'deb http://mirror.example/debian trixie-updates main\n' +
        'deb http://mirror.example/debian-security trixie-security main\n',
    );
    expect(suiteSources('trixie', { mirror: undefined, security: undefined })).toBeUndefined();
  });
});

it('copies only the npm settings that locate the registry', () => {
  const npmrc =
    'registry=http://r.example\nnodedir=/usr\n cafile = /c.crt\nfund=false\n@scope:registry=http://s.example\n';
  expect(npmSettings(npmrc)).toBe(
    'registry=http://r.example\ncafile = /c.crt\n@scope:registry=http://s.example\n',
  );
});

it('copies only the variables that decide how archives are reached', () => {
  const env = {
    PATH: '/bin',
    https_proxy: 'http://p.example',
    NODE_EXTRA_CA_CERTS: '/c.crt',
    CXX: 'clang++',
  };
  expect(networkEnvironment(env)).toEqual({ https_proxy: 'http://p.example', NODE_EXTRA_CA_CERTS: '/c.crt' });
});

it.each([
  ['18.20.4+dfsg-1~deb12u1', true],
  ['20.14.0', true],
  ['20.15.0', false],
  ['20.19.2+dfsg-1', false],
  ['22.0.0', false],
])('Node %s is older than 20.15: %s', (version, older) => {
  expect(isOlder(version, '20.15')).toBe(older);
});

it('recognizes suites by version', () => {
  expect(['12', '13', 'sid'].map(suiteNamed)).toEqual(['bookworm', 'trixie', 'sid']);
});

it('installs only missing packages', () => {
  const listed = 'g++\t\tinstall\nlibc6:amd64\tinstall\npython3-torch\tdeinstall\n';
  expect(missingPackages(['g++', 'libc6', 'python3-torch', 'python3-torchvision'], listed)).toEqual([
    'python3-torch',
    'python3-torchvision',
  ]);
});
