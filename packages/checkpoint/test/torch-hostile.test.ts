import { describe, expect, it, vi } from 'vitest';
import { CheckpointError, describeOpaque, Opaque, TorchFile } from '../src/index.js';
import { splitCheckpoint } from '../src/state-dict/split.js';
import { memorySource, readBytes } from './memory-source.js';
import { call, global, inLegacy, int, inZip, ops, pickle, tensor, text, tuple, uint32 } from './pickles.js';

async function refusal(program: Buffer): Promise<string> {
  const messages = new Set<string>();
  for (const bytes of [await inZip(program), inLegacy(program)]) {
    const error: unknown = await readBytes(bytes).then(
      () => 'it was read',
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(CheckpointError);
    if (error instanceof Error) messages.add(error.message);
  }
  // Both containers use the same pickle machine.
  expect([...messages]).toHaveLength(1);
  return [...messages].join();
}

const text40 = text('a'.repeat(40));
const repeat = (count: number, part: Uint8Array): Buffer =>
  Buffer.concat(Array<Uint8Array>(count).fill(part));

/** Describes a program that either container reads as an opaque object. */
async function opaque(program: Buffer): Promise<string> {
  const texts = [await readBytes(await inZip(program)), await readBytes(inLegacy(program))].map((read) =>
    read instanceof Opaque ? describeOpaque(read) : 'not opaque',
  );
  expect(texts[0]).toBe(texts[1]);
  return texts[0] ?? '';
}

describe('names in a pickle', () => {
  it('stay names: nothing is looked up or called', async () => {
    const ran = vi.spyOn(process, 'kill');
    const program = pickle(call(global('os', 'system'), text('kill 1')));
    expect(await opaque(program)).toBe("os.system('kill 1')");
    expect(ran).not.toHaveBeenCalled();
  });

  it('are rejected by name in place of a state dictionary', async () => {
    const refused = async (program: Buffer): Promise<string> =>
      TorchFile.over(memorySource(await inZip(program))).then((file) => {
        try {
          splitCheckpoint('memory.pth', file.value);
          return 'it was read';
        } catch (error) {
          return String(error);
        }
      });
    const network = ops(global('torchvision.models', 'ResNet'), 'EMPTY_TUPLE', 'NEWOBJ');
    expect(await refused(pickle(network))).toBe(
      'CheckpointError: memory.pth holds the Python object "torchvision.models.ResNet" instead of a state dictionary. Code in files is never run: load it in PyTorch and save its state_dict().',
    );
    const dict = (key: string, item: Buffer) => ops('EMPTY_DICT', text(key), item, 'SETITEM');
    expect(await refused(pickle(dict('model', network)))).toContain(
      'holds as "model" the Python object "torchvision.models.ResNet"',
    );
    expect(await refused(pickle(dict('state_dict', dict('w', network))))).toContain(
      '"w" of the state dictionary is not a supported tensor but torchvision.models.ResNet()',
    );
    const complex = tensor({ type: 'ComplexFloatStorage' });
    expect(await refused(pickle(dict('state_dict', dict('w', complex))))).toContain(
      '"w" of the state dictionary is not a supported tensor but tensor of torch.ComplexFloatStorage',
    );
  });

  it.each([
    ['builtins', 'eval'],
    ['posix', 'system'],
    ['torch', 'load'],
    ['torch', 'hub.load'],
    ['torch.storage', 'UntypedStorage'],
    ['torch._utils', '_rebuild_qtensor'],
    ['collections', 'OrderedDict.fromkeys'],
    ['argparse', 'Namespace'],
    ['', 'constructor'],
    ['__proto__', 'toString'],
  ])('%s.%s is not on the list', async (module, name) => {
    expect(await opaque(pickle(global(module, name)))).toBe(`${module}.${name}`);
    expect(await opaque(pickle(text(module), text(name), 'STACK_GLOBAL'))).toBe(`${module}.${name}`);
    const made = pickle(call(global(module, name), int(1)), 'EMPTY_DICT', 'BUILD');
    expect(await opaque(made)).toBe(`${module}.${name}(1, {})`);
  });

  it('record attributes, items and elements in any order and number', async () => {
    const made = ops(global('a', 'B'), 'EMPTY_TUPLE', 'NEWOBJ');
    expect(await opaque(pickle(made, int(1), 'APPEND', text('k'), int(2), 'SETITEM'))).toBe(
      "a.B(1, ('k', 2))",
    );
    const named = ops(global('a', 'B'), 'EMPTY_TUPLE', 'EMPTY_DICT', 'NEWOBJ_EX');
    expect(await opaque(pickle(named))).toBe('a.B()');
    expect(await opaque(pickle('EMPTY_SET', 'MARK', int(1), int(2), 'ADDITEMS'))).toBe('builtins.set(1, 2)');
    expect(await opaque(pickle('MARK', int(1), 'FROZENSET'))).toBe('builtins.frozenset(1)');
    expect(await opaque(pickle(global('torch', 'Size')))).toBe('torch.Size');
    expect(await opaque(pickle(global('torch', 'IntStorage')))).toBe('a storage class');
    expect(await opaque(pickle('EMPTY_DICT', 'NONE', 'NONE', 'SETITEM'))).toBe(
      'a dictionary with None as a key',
    );
  });

  it('may contain themselves and everything else', async () => {
    const self = ops(global('a', 'B'), 'EMPTY_TUPLE', 'NEWOBJ', 'BINPUT', Buffer.from([0]));
    expect(await opaque(pickle(self, 'BINGET', Buffer.from([0]), 'BUILD'))).toBe('a.B(a.B(a.B(a.B(…))))');
    const twice = ops('BINPUT', Buffer.from([0]), 'BINGET', Buffer.from([0]), 'TUPLE2');
    const doubled = pickle(global('a', 'B'), 'NONE', repeat(60, twice), 'TUPLE1', 'REDUCE');
    expect((await opaque(doubled)).length).toBeLessThan(250);
    const long = pickle(global('a', 'B'), ops('MARK', repeat(1000, text40), 'TUPLE'), 'REDUCE');
    expect((await opaque(long)).length).toBeLessThan(250);
  });

  it.each([
    ['a name without end', ops('GLOBAL', Buffer.alloc(5000, 'a')), 'a name that is far too long'],
    ['a stacked name without end', ops(text('a'.repeat(5000)), text('b'), 'STACK_GLOBAL'), 'far too long'],
    ['a number as a name', ops(int(1), text('b'), 'STACK_GLOBAL'), 'a name that is not a string'],
    ['a call of a dictionary', ops('EMPTY_DICT', 'EMPTY_TUPLE', 'REDUCE'), 'calls a dictionary'],
    ['a call of a dtype', call(global('torch', 'float32')), 'calls a string'],
    ['a call of a storage class', call(global('torch', 'FloatStorage')), 'calls a storage class'],
    ['a call without a tuple', ops(global('torch', 'Size'), 'NONE', 'REDUCE'), 'without arguments'],
    ['attributes of a list', ops('EMPTY_LIST', 'EMPTY_DICT', 'BUILD'), 'sets attributes of a list'],
    [
      'attributes of a function',
      ops(global('torch', 'Size'), 'NONE', 'BUILD'),
      'sets attributes of the function',
    ],
    ['a malformed size', ops(global('torch', 'Size'), 'EMPTY_TUPLE', 'NEWOBJ'), 'a torch.Size is malformed'],
    ['POP', Buffer.from([0x30]), 'the instruction POP'],
    ['INST', ops('MARK', Buffer.from('ios\nsystem\n')), 'the instruction INST'],
    ['EXT1', Buffer.from([0x82, 1]), 'the instruction EXT1'],
    ['an unknown instruction', Buffer.from([0xff]), 'the instruction 0xff'],
    ['protocol 9', Buffer.from([0x80, 9]), 'has protocol 9'],
  ])('refuses %s', async (_, program, message) => {
    expect(await refusal(pickle(program))).toContain(message);
  });
});

it('sets no attributes of a tensor', async () => {
  const program = pickle(tensor(), 'EMPTY_DICT', 'BUILD');
  await expect(readBytes(await inZip(program))).rejects.toThrow('sets attributes of a tensor');
});

describe('malformed programs', () => {
  it.each([
    ['an empty stack', ops('TUPLE2'), 'pops from an empty stack'],
    ['reaching below a mark', ops('EMPTY_LIST', 'MARK', 'NONE', 'APPEND'), 'pops from an empty stack'],
    ['taking below a mark', ops('EMPTY_LIST', 'MARK', 'TUPLE1'), 'pops from an empty stack'],
    ['a mark that is missing', ops('EMPTY_LIST', 'APPENDS'), 'lacks a mark'],
    ['values left behind', ops('NONE', 'NONE'), 'leaves values behind'],
    ['a missing memo entry', ops('LONG_BINGET', uint32(4e9)), 'reads memo entry 4000000000'],
    ['appending to a tuple', ops('EMPTY_TUPLE', 'NONE', 'APPEND'), 'appends to a tuple'],
    ['items of a list', ops('EMPTY_LIST', 'NONE', 'NONE', 'SETITEM'), 'sets items of a list'],
    ['an odd number of items', ops('EMPTY_DICT', 'MARK', 'NONE', 'SETITEMS'), 'a dictionary lacks a value'],
    [
      'text that is not UTF-8',
      ops('BINUNICODE', uint32(1), Buffer.from([0xff])),
      'a string that is not UTF-8',
    ],
    ['text longer than allowed', ops('BINUNICODE', uint32(2 ** 31)), 'a string of 2147483648 bytes'],
    [
      'text of 2⁶³ bytes',
      ops('BINUNICODE8', Buffer.alloc(8, 0xff)),
      'a string of 18446744073709552000 bytes',
    ],
    ['bytes longer than allowed', ops('BINBYTES', uint32(2 ** 32 - 1)), 'a string of 4294967295 bytes'],
    [
      'a list in itself',
      ops('EMPTY_LIST', 'BINPUT', Buffer.from([0]), 'BINGET', Buffer.from([0]), 'APPEND'),
      'contains itself',
    ],
  ])('are rejected: %s', async (_, program, message) => {
    expect(await refusal(pickle(program))).toContain(message);
  });

  it('are rejected: a dictionary in itself through a tuple', async () => {
    const program = ops(
      ops('EMPTY_DICT', 'BINPUT', Buffer.from([0]), text('me'), 'BINGET', Buffer.from([0])),
      ops('TUPLE1', 'SETITEM'),
    );
    expect(await refusal(pickle(program))).toContain('that contains itself');
  });
});

describe('programs that ask for too much', () => {
  it('deep nesting', async () => {
    expect(await refusal(pickle('NONE', repeat(100_000, ops('TUPLE1'))))).toContain(
      'nested more than 64 deep',
    );
  });

  it('deep nesting that starts further up', async () => {
    const deep = ops('NONE', repeat(50, ops('TUPLE1')), 'BINPUT', Buffer.from([0]));
    const program = pickle(deep, 'BINGET', Buffer.from([0]), repeat(50, ops('TUPLE1')), 'TUPLE2');
    expect(await refusal(program)).toContain('nested more than 64 deep');
  });

  it('endless instructions', async () => {
    expect(await refusal(pickle(repeat(1_000_001, ops('NONE'))))).toContain(
      'takes more than 1000000 operations',
    );
  });

  it('endless dictionaries, which need more memory than other values', async () => {
    expect(await refusal(pickle(repeat(100_000, ops('EMPTY_DICT'))))).toContain(
      'more than 1000000 operations',
    );
  });

  it('doubling through the memo', async () => {
    const twice = ops('BINPUT', Buffer.from([0]), 'BINGET', Buffer.from([0]), 'TUPLE2');
    expect(await refusal(pickle('NONE', repeat(60, twice)))).toContain('holds more than 1000000 values');
  });

  it('copies of one long list', async () => {
    const pair = ops(text('k'), 'NONE', 'TUPLE2');
    const list = ops('EMPTY_LIST', 'MARK', repeat(1000, pair), 'APPENDS', 'BINPUT', Buffer.from([0]));
    const copy = ops(global('collections', 'OrderedDict'), 'BINGET', Buffer.from([0]), 'TUPLE1', 'REDUCE');
    expect(await refusal(pickle(list, repeat(1000, copy)))).toContain('takes more than 1000000 operations');
  });

  it('overlapping views of one storage', async () => {
    const program = (count: number): Buffer =>
      pickle(
        'MARK',
        ...Array.from({ length: count }, () => tensor({ shape: [2 ** 22 + count], strides: [0] })),
        'TUPLE',
      );
    const different = pickle(
      'MARK',
      ...Array.from({ length: 20 }, (_, i) => tensor({ shape: [2 ** 20 + i], strides: [0] })),
      'TUPLE',
    );
    // Equal views are one tensor.
    await expect(readBytes(await inZip(program(3)))).resolves.toHaveLength(3);
    await expect(readBytes(await inZip(different))).rejects.toThrow(
      'raise maxTensorBytes if that is intended',
    );
    await expect(readBytes(await inZip(different), { maxTensorBytes: 2 ** 28 })).resolves.toHaveLength(20);
    await expect(readBytes(await inZip(pickle(tensor({ shape: [2 ** 50], strides: [0] }))))).rejects.toThrow(
      'more than 67108864',
    );
  });
});

describe('tensors', () => {
  it.each([
    ['beyond the storage', { shape: [5] }, 'needs 5 elements of a storage that has 4'],
    ['beyond it by the offset', { offset: 1 }, 'needs 5 elements of a storage that has 4'],
    ['beyond it by a stride', { shape: [2], strides: [4] }, 'needs 5 elements of a storage that has 4'],
    ['negative offset', { offset: -1 }, 'the offset of a tensor is not an integer ≥ 0 (-1)'],
    ['negative stride', { strides: [-1], offset: 3 }, 'the stride of a tensor is not an integer ≥ 0 (-1)'],
    ['negative size', { shape: [-4] }, 'the shape of a tensor is not an integer ≥ 0 (-4)'],
    ['sizes that overflow', { shape: [2 ** 32, 2 ** 32], strides: [0, 0] }, 'is not a valid shape'],
    [
      'strides that overflow',
      { shape: [2, 2], strides: [2n ** 52n, 2n ** 52n] },
      'elements of a storage that has 4',
    ],
    ['too many strides', { shape: [4], strides: [1, 1] }, 'of shape [4] has 2 strides'],
    [
      'rank 65',
      { shape: Array<number>(65).fill(1), strides: Array<number>(65).fill(1) },
      'at most 64 numbers',
    ],
    ['a number beyond 2⁵³', { offset: 2n ** 60n }, 'the offset of a tensor is not an integer ≥ 0'],
    ['storage of another size', { numel: 5, shape: [5] }, 'storage "0" has 16 bytes, expected 20'],
    ['storage of 2⁶² elements', { numel: 2n ** 62n }, 'the size of storage "0" is not an integer ≥ 0'],
    ['missing storage', { key: '1' }, 'storage "1" is not in it'],
    ['storage outside', { key: '../data.pkl' }, 'storage "../data.pkl" is not in it'],
    ['class of another kind', { type: 'Size' }, 'does not name a storage'],
    ['negated booleans', { type: 'BoolStorage', negative: true }, 'a bool tensor has the negative bit'],
  ])('must lie in their storage: %s', async (_, parts, message) => {
    await expect(readBytes(await inZip(pickle(tensor(parts))))).rejects.toThrow(message);
    await expect(readBytes(inLegacy(pickle(tensor(parts))))).rejects.toThrow(CheckpointError);
  });

  it('must not describe one storage in two ways', async () => {
    const program = pickle(tensor(), tensor({ type: 'IntStorage' }), 'TUPLE2');
    await expect(readBytes(await inZip(program))).rejects.toThrow(
      'storage "0" has two conflicting descriptions',
    );
  });

  it.each([
    ['number', ops(int(3), 'BINPERSID')],
    ['empty tuple', ops('EMPTY_TUPLE', 'BINPERSID')],
    ['other kind', ops(tuple(text('file'), text('/etc/passwd')), 'BINPERSID')],
    [
      'storage of a function',
      ops(tuple(text('storage'), global('torch', 'Size'), text('0'), text('cpu'), int(4)), 'BINPERSID'),
    ],
  ])('reject an id that does not name a storage: %s', async (_, program) => {
    expect(await refusal(pickle(program))).toContain('does not name a storage');
  });

  it('reject a whole module and name the remedy', async () => {
    const id = ops(tuple(text('module'), text('Net'), text('net.py'), text('class Net')), 'BINPERSID');
    expect(await refusal(pickle(id))).toContain(
      'holds a whole module, which is code; save its state_dict() instead',
    );
  });
});
