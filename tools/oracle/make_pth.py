"""packages/checkpoint/test/fixtures/torch: files of torch.save in both containers, and their values as JSON."""

import json
import os
from collections import OrderedDict

import torch

import paths

FOLDER = os.path.dirname(paths.fixture("checkpoint", "torch", "x"))

DTYPES = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]


def every_dtype() -> OrderedDict:
    values = torch.tensor([[0, 1, -2.5], [100, 0.125, 7]])
    return OrderedDict((name, values.abs().to(getattr(torch, name))) for name in DTYPES)


def views() -> dict:
    base = torch.arange(24, dtype=torch.float32)
    wide = torch.arange(12, dtype=torch.int64).reshape(3, 4)
    return {
        "base": base,
        "tail": base[20:],
        "same": base.view(4, 6),
        "transposed": base.view(2, 3, 4).permute(2, 0, 1),
        "stepped": base[1::5],
        "expanded": torch.tensor([1.5, -1.5]).reshape(2, 1).expand(2, 3),
        "wide_transposed": wide.t(),
        "nan_transposed": torch.tensor([[float("nan"), float("inf")], [-0.0, 1.0]]).half().t(),
        "scalar": torch.tensor(3.25, dtype=torch.float64),
        "empty": torch.zeros(0, 4),
        "empty_view": base[24:],
        "channels_last": torch.arange(24.0).reshape(1, 2, 3, 4).contiguous(memory_format=torch.channels_last),
    }


def plain() -> dict:
    ordered = OrderedDict([("b", 1), ("a", [1, (2, 3), {"deep": None}])])
    ordered._metadata = {"": {"version": 1}}
    return {
        "none": None, "yes": True, "no": False, "float": 1.5, "whole_float": 2.0, "nan": float("inf"),
        "ints": [0, 255, 256, 65535, 65536, -1, 2**31 - 1, -(2**31), 2**31, 2**52, 2**53, -(2**70)],
        "text": "Grüße, 世界 🌍", "bytes": b"\x00\x7f\xff", "size": torch.Size([2, 3]), "dtype": torch.bfloat16,
        "ordered": ordered, "empty": [[], (), {}, OrderedDict()], 7: "seven", "parameter": torch.nn.Parameter(torch.ones(2)),
    }  # fmt: skip


def network(classes: int = 3) -> torch.nn.Module:
    torch.manual_seed(0)
    net = torch.nn.Sequential(OrderedDict([
        ("conv1", torch.nn.Conv2d(3, 4, 3, bias=False)),
        ("bn1", torch.nn.BatchNorm2d(4)),
        ("pool", torch.nn.AdaptiveAvgPool2d(1)),
        ("flat", torch.nn.Flatten()),
        ("fc", torch.nn.Linear(4, classes)),
    ]))  # fmt: skip
    return net


def trained(kind: str):
    """A network after two updates, and its optimizer."""
    net = network()
    params = [{"params": [*net.conv1.parameters(), *net.bn1.parameters()]}, {"params": net.fc.parameters(), "lr": 0.5}]
    if kind == "SGD":
        optimizer = torch.optim.SGD(params, lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True)
    else:
        optimizer = torch.optim.Adam(params, lr=0.01, betas=(0.8, 0.99))
    for _ in range(2):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(torch.randn(4, 3, 8, 8)), torch.tensor([0, 1, 2, 0])).backward()
        optimizer.step()
    return net, optimizer


def checkpoint(kind: str) -> dict:
    net, optimizer = trained(kind)
    return {
        "epoch": 3,
        "arch": "resnet50",
        "state_dict": torch.nn.DataParallel(net).state_dict(),
        "best_prec1": torch.tensor(71.25),
        "optimizer": optimizer.state_dict(),
    }


def old() -> OrderedDict:
    """A state dictionary like those from before num_batches_tracked existed."""
    return OrderedDict((k, v) for k, v in network().state_dict().items() if "num_batches" not in k)


def parts() -> dict:
    """A checkpoint like the snapshots of the segmentation network."""
    bits = {"body": network(2), "head": torch.nn.BatchNorm2d(2), "cls": torch.nn.Conv2d(2, 5, 1)}
    return {"state_dict": {name: module.state_dict() for name, module in bits.items()}}


def describe(value):
    """Tensors as {dtype, shape, bytes}, dictionaries as lists of pairs, other values that JSON lacks as tagged text."""
    if isinstance(value, torch.Tensor):
        raw = value.detach().contiguous()
        if raw.dtype is torch.bfloat16:
            raw = raw.view(torch.int16)
        bits = raw.numpy().tobytes().hex()
        return {"dtype": str(value.dtype)[6:], "shape": list(value.shape), "bytes": bits}
    if isinstance(value, dict):
        return {"dict": [[k, describe(v)] for k, v in value.items()]}
    if isinstance(value, (list, tuple)):
        return [describe(v) for v in value]
    if isinstance(value, bytes):
        return value.decode("latin1")
    if isinstance(value, torch.dtype):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return {"bigint": str(value)}
    return {"float": str(value)} if value in (float("inf"),) else value


def main() -> None:
    values = {
        "dtypes": every_dtype(), "views": views(), "plain": plain(), "sgd": checkpoint("SGD"),
        "adam": checkpoint("Adam"), "old": old(), "parts": parts(),
    }  # fmt: skip
    for name, value in values.items():
        torch.save(value, os.path.join(FOLDER, f"{name}.zip.pth"))
        torch.save(value, os.path.join(FOLDER, f"{name}.legacy.pth"), _use_new_zipfile_serialization=False)
    torch.save(values["plain"], os.path.join(FOLDER, "plain.protocol4.pth"), pickle_protocol=4)
    with open(os.path.join(FOLDER, "values.json"), "w", encoding="utf-8") as f:
        f.write("{\n")
        f.write(",\n".join(f"{json.dumps(k)}: {json.dumps(describe(v), separators=(',', ':'))}" for k, v in values.items()))
        f.write("\n}\n")
    for name in sorted(os.listdir(FOLDER)):
        print(f"{name}: {os.path.getsize(os.path.join(FOLDER, name))} bytes")


if __name__ == "__main__":
    main()
