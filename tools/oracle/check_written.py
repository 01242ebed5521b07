"""Checks the files that we write: PyTorch loads each with weights_only=True, compares it with the original file, and
continues training from it.

    npm run build && /usr/bin/python3 -B tools/oracle/check_written.py
"""

import os
import pickletools
import subprocess
import tempfile
import zipfile

import torch

import make_pth
import paths

# Reads a file and writes it again, unchanged and as a state dictionary.
COPY = """
import { readTorch, writeTorch, readStateDict, writeStateDict, fromTorchOptimizer, toTorchOptimizer } from './packages/checkpoint/dist/index.js';
const [from, to, kind] = process.argv.slice(1);
await writeTorch(`${to}.pth`, await readTorch(from));
if (kind) {
  const { tensors, rest } = await readStateDict(from);
  const names = [...tensors.keys()].filter((name) => !/running_|num_batches/.test(name));
  const { kind, groups, state, step } = fromTorchOptimizer(rest.get('optimizer'), names);
  const optimizer = toTorchOptimizer(kind, groups, state, step ?? 0);
  await writeStateDict(`${to}.pth.tar`, tensors, { prefix: 'module.', rest: new Map([...rest, ['optimizer', optimizer]]) });
  await writeStateDict(`${to}.state.pth`, tensors);
}
"""

# Opcodes that the weights_only reader of PyTorch 2 supports; the reader of 1.13 lacks BINFLOAT.
SAFE = set(
    "PROTO STOP MARK EMPTY_DICT EMPTY_LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 "
    "LONG1 BINFLOAT BINUNICODE SHORT_BINSTRING BINPUT LONG_BINPUT BINGET LONG_BINGET GLOBAL REDUCE BUILD BINPERSID APPEND APPENDS "
    "SETITEM SETITEMS".split()
)


def same(a, b) -> bool:
    if isinstance(a, torch.Tensor):
        # Compare bits, so that NaN equals itself.
        return a.dtype == b.dtype and a.shape == b.shape and bits(a) == bits(b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, bytes):
        return a.decode("latin1") == b
    return str(a) == b if isinstance(a, torch.dtype) else a == b


def bits(tensor) -> bytes:
    raw = tensor.detach().contiguous()
    return (raw.view(torch.int16) if raw.dtype is torch.bfloat16 else raw).numpy().tobytes()


def load(path: str):
    """Loads with weights_only=True. PyTorch 1.13 rejects floats there, so only the opcodes are checked with it."""
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None, path
        opcodes = {op.name for op, _, _ in pickletools.genops(z.read("archive/data.pkl"))}
    assert opcodes <= SAFE, (path, opcodes - SAFE)
    if "BINFLOAT" in opcodes and torch.__version__.startswith("1."):
        return torch.load(path), "the opcodes of weights_only"
    return torch.load(path, weights_only=True), "weights_only=True"


def continues(kind: str, written: dict) -> None:
    """A step of the saved optimizer equals a step of the loaded one."""
    net, optimizer = make_pth.trained(kind)
    twin, other = make_pth.trained(kind)
    # All state must come from the file.
    for parameter in twin.state_dict().values():
        parameter.zero_()
    other.state.clear()
    for group in other.param_groups:
        group["lr"] = 9.0
    twin.load_state_dict({k[len("module.") :]: v for k, v in written["state_dict"].items()})
    other.load_state_dict(written["optimizer"])
    images = torch.randn(4, 3, 8, 8)
    for n, o in ((net, optimizer), (twin, other)):
        o.zero_grad()
        n(images).square().sum().backward()
        o.step()
    assert all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), twin.state_dict().values())), kind


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in sorted(os.listdir(make_pth.FOLDER)):
            source = os.path.join(make_pth.FOLDER, name)
            if not name.endswith(".pth"):
                continue
            kind = {"sgd": "SGD", "adam": "Adam"}.get(name.split(".")[0])
            to = os.path.join(folder, name)
            command = ["node", "--input-type=module", "-e", COPY, source, to, *([kind] if kind else [])]
            subprocess.run(command, cwd=paths.ROOT, check=True)
            expected = torch.load(source)
            written, how = load(f"{to}.pth")
            assert same(expected, written), name
            if kind:
                full, how = load(f"{to}.pth.tar")
                state, how_state = load(f"{to}.state.pth")
                assert same(expected["state_dict"], full["state_dict"]), name
                assert same(list(expected["state_dict"].values()), list(state.values())), name
                continues(kind, full)
                how += f", optimizer continues; state dictionary by {how_state}"
            print(f"{name}: equal ({how})")


if __name__ == "__main__":
    main()
