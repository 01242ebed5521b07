import { describe, expect, it } from 'vitest';
import { aptConfiguration, arm64Sources } from './sysroot.mjs';

const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n';
const UBUNTU = 'VERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n';
const SOURCES = 'deb http://mirror.example/debian bookworm main\n';

describe('libraries of arm64', () => {
  it("are of this system's suite, from its mirror", () => {
    expect(arm64Sources(DEBIAN, SOURCES)).toBe(
      'deb http://mirror.example/debian bookworm main\ndeb http://mirror.example/debian bookworm-updates main\n',
    );
  });

  it.each([
    ['Ubuntu', UBUNTU, SOURCES],
    ['a Debian whose sources name no mirror', DEBIAN, ''],
  ])('are refused on %s', (_, release, sources) => {
    expect(() => arm64Sources(release, sources)).toThrow('packages of Debian: run this on Debian');
  });

  it("leave this system's apt alone", () => {
    const places = [...aptConfiguration('/own').matchAll(/^Dir::\S+ "(.*)";$/gm)].map(([, place]) => place);
    expect(places).toHaveLength(5);
    for (const place of places) expect(place).toMatch(/^\/own|^-$/);
  });
});
