"""packages/models/test/fixtures/states.txt: the state dictionary of every network for 1000 classes, in its order.

    ARCHITECTURE [input_3x3]
     NAME SIZE...      a parameter or buffer and its shape
     NAME abn C        the five states of a layer: NAME.weight, .bias, .running_mean, .running_var of [C],
                       .num_batches_tracked of []
"""

import os

import torchvision

import paths
from iabn import Abn
from nets import NETS

LAYER = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]


def main() -> None:
    lines = []
    for arch, build in NETS.items():
        net = build()
        check(arch, net)
        lines += [arch, *(f" {row}" for row in rows(net))]
    for arch in ("resnext50", "densenet121"):
        lines += [f"{arch} input_3x3", *(f" {row}" for row in rows(NETS[arch](input_3x3=True)))]
    path = paths.fixture("models", "states.txt")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    print(f"{os.path.relpath(path, paths.ROOT)}: {os.path.getsize(path)} bytes, {len(lines)} lines")


def rows(net) -> list:
    layers = {name: m for name, m in net.named_modules() if isinstance(m, Abn)}
    states = list(net.state_dict().items())
    out, i = [], 0
    while i < len(states):
        name, tensor = states[i]
        owner = name.rpartition(".")[0]
        if owner in layers:
            assert [n for n, _ in states[i : i + 5]] == [f"{owner}.{s}" for s in LAYER], name
            out.append(f"{owner} abn {tensor.shape[0]}")
            i += 5
        else:
            out.append(" ".join([name, *map(str, tensor.shape)]))
            i += 1
    return out


def check(arch: str, net) -> None:
    """Compares with torchvision, if it has the network: number and shapes of convolutions, and the classifier."""
    peer = getattr(torchvision.models, arch.removeprefix("tv_"), None)
    if peer:
        assert _shapes(net) == _shapes(peer()), arch


def _shapes(net) -> list:
    return sorted(tuple(p.shape) for p in net.parameters() if p.dim() > 1)


if __name__ == "__main__":
    main()
