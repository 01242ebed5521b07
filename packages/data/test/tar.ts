/** Names, contents and types of an archive's members. */
export type Members = readonly (readonly [name: string, content: Uint8Array | string, type?: string])[];

/** A tar archive like those of Python's tarfile and GNU tar. */
export function tar(members: Members): Buffer {
  const blocks = members.flatMap(([name, content, type = '0']) => {
    const data = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(name.slice(0, 100));
    header.write('0000644\0', 100);
    header.write(`${data.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write(type, 156);
    header.write('ustar\x0000', 257);
    header.fill(' ', 148, 156);
    const sum = header.reduce((a, b) => a + b, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
