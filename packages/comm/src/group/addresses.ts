/** Serializes a process's addresses for the other processes: JSON of base64, by lane and peer. */

export function encodeAddresses(lanes: readonly (readonly Uint8Array[])[]): Uint8Array {
  const text = lanes.map((peers) => peers.map((address) => Buffer.from(address).toString('base64')));
  return new TextEncoder().encode(JSON.stringify(text));
}

export function decodeAddresses(bytes: Uint8Array): Uint8Array[][] {
  const lanes = JSON.parse(new TextDecoder().decode(bytes)) as string[][];
  return lanes.map((peers) => peers.map((address) => new Uint8Array(Buffer.from(address, 'base64'))));
}
