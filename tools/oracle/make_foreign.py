"""packages/checkpoint/test/fixtures/torch: checkpoints with objects of other libraries next to the weights, legacy streams
with later pickle protocols, a TorchScript archive and, with PyTorch 2.0 or later, views with the negative bit."""

import argparse
import os
import warnings
from collections import Counter, OrderedDict, defaultdict

import numpy as np
import torch

import paths

FOLDER = os.path.dirname(paths.fixture("checkpoint", "torch", "x"))
MAJOR = int(torch.__version__.split(".")[0])


def foreign() -> dict:
    options = argparse.Namespace(lr=0.1, arch="resnet50", resume=None)
    return {
        "state_dict": OrderedDict([("module.weight", torch.tensor([1.0, 2.0])), ("module.bias", torch.tensor([3.0]))]),
        "epoch": np.int64(3),
        "best_prec1": np.float64(71.25),
        "half": np.float16(1.5),
        "yes": np.bool_(True),
        "array": np.arange(6, dtype=np.int32).reshape(2, 3),
        "args": options,
        "seen": Counter("aab"),
        "history": defaultdict(list, {"loss": [1.5]}),
        "skipped": {"a"},
        "frozen": frozenset([1]),
        "device": torch.device("cuda", 0),
        "rng": np.random.RandomState(1).get_state(),
        "by_pair": {(0, 1): "tuple key", 2: "int key"},
        "complex": torch.ones(2, dtype=torch.complex64),
        "dtype": torch.float32,
    }


def negative() -> OrderedDict:
    ramp = torch.arange(1.0, 4.0)
    values = OrderedDict((name, ramp.to(getattr(torch, name))._neg_view()) for name in ["float64", "float32", "float16"])
    values["bfloat16"] = ramp.bfloat16()._neg_view()
    values["int64"] = torch.arange(1, 4)._neg_view()
    values["int8"] = torch.tensor([1, 2, -128], dtype=torch.int8)._neg_view()
    values["plain"] = ramp
    # The same elements with and without the bit.
    values["negated"] = ramp._neg_view()
    values["strided"] = torch.arange(6.0).reshape(2, 3).t()._neg_view()
    values["nan"] = torch.tensor([float("nan"), -0.0])._neg_view()
    return values


def save(name: str, value, **options) -> None:
    torch.save(value, os.path.join(FOLDER, name), **options)
    print(f"{name}: {os.path.getsize(os.path.join(FOLDER, name))} bytes")


def main() -> None:
    legacy = {"_use_new_zipfile_serialization": False}
    if MAJOR >= 2:
        save("foreign.numpy2.pth", foreign())
        save("negative.zip.pth", negative())
        save("negative.legacy.pth", negative(), **legacy)
        return
    save("foreign.zip.pth", foreign())
    save("foreign.protocol5.pth", foreign(), pickle_protocol=5)
    save("foreign.legacy.pth", foreign(), **legacy)
    for protocol in (3, 4, 5):
        save(f"protocol{protocol}.legacy.pth", {"a": torch.ones(2)}, pickle_protocol=protocol, **legacy)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(torch.nn.Linear(2, 2)).save(os.path.join(FOLDER, "torchscript.pt"))


if __name__ == "__main__":
    main()
