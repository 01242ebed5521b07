import { describe, expect, it } from 'vitest';
import { aptConfiguration, arm64Sources } from './sysroot.mjs';

const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n';
const UBUNTU = 'VERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n';
const SOURCES = 'deb http://mirror.example/debian bookworm main\n';

describe('libraries of arm64', () => {
  it("come from this system's suite and mirror", () => {
    expect(arm64Sources(DEBIAN, SOURCES)).toBe(
      'deb http://mirror.example/debian bookworm main\ndeb http://mirror.example/debian bookworm-updates main\n',
    );
  });

  it.each([
    ['Ubuntu', UBUNTU, SOURCES],
    ['a Debian whose sources name no mirror', DEBIAN, ''],
  ])('are not available on %s', (_, release, sources) => {
    expect(() => arm64Sources(release, sources)).toThrow('packages of Debian: run this on Debian');
  });

  it("do not change this system's apt", () => {
    const places = [...aptConfiguration('/own').matchAll(/^Dir::\S+ "(.*)";$/gm)].map(([, place]) => place);
    expect(places).toHaveLength(5);
    for (const place of places) expect(place).toMatch(/^\/own|^-$/);
  });
});
