"""packages/recipes/test/fixtures/{SGD,Adam}.pth.tar and resume.json: runs that PyTorch started and others resume.

A small ResNet-18 takes four steps, is saved as the reference saves it (five keys, names with module., classifier
parameters in a separate group), and takes four more. It is computed in float64, but the file is float32, and the last four
steps start from the rounded state. The in-place layers use elu, which is smooth, so float32 follows closely.

    /usr/bin/python3 -B tools/oracle/make_resume.py
    /usr/bin/python3 -B tools/oracle/make_resume.py check SGD FILE.pth.tar

The second form resumes from a file that this project wrote after loading SGD.pth.tar, and compares the losses.
"""

import json
import sys
from collections import OrderedDict

import torch
from torch.nn import functional as F

import digest
import paths
from make_training import batch
from nets import load_prng_parameters
from resnet import ResNet

STEPS, WIDTH, CLASSES = 4, 1 / 32, 10
NETWORK = {"bn_mode": "inplace", "activation": "elu", "activation_param": 1.0}
OPTIMIZERS = {
    "SGD": {"learning_rate": 0.05, "classifier_lr": 0.02, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-4},
    "Adam": {"learning_rate": 1e-3, "classifier_lr": 5e-4, "weight_decay": 1e-4},
}


def network():
    activation = {"activation": NETWORK["activation"], "param": NETWORK["activation_param"]}
    return ResNet("resnet18", classes=CLASSES, width=WIDTH, stem="small", bn_mode=NETWORK["bn_mode"], **activation)


def optimizer(kind: str, net):
    o = OPTIMIZERS[kind]
    rest = [p for name, p in net.named_parameters() if "fc" not in name]
    groups = [{"params": rest}, {"params": list(net.classifier.fc.parameters()), "lr": o["classifier_lr"]}]
    keys = {k: o[k] for k in ("momentum", "nesterov", "weight_decay") if k in o}
    return getattr(torch.optim, kind)(groups, lr=o["learning_rate"], **keys)


def steps(net, stepper, first: int) -> list:
    losses = []
    for step in range(first, first + STEPS):
        x, labels = batch(step % 3)
        stepper.zero_grad()
        loss = F.cross_entropy(net(x), labels)
        loss.backward()
        stepper.step()
        losses.append(loss.item())
    return losses


def as_float32(value):
    if isinstance(value, torch.Tensor):
        return value.float() if value.is_floating_point() else value
    if isinstance(value, dict):
        return type(value)((k, as_float32(v)) for k, v in value.items())
    return [as_float32(v) for v in value] if isinstance(value, list) else value


def restored(kind: str, path: str):
    """The network and optimizer in a file, in float64: load_state_dict casts tensors to their parameters' dtype."""
    saved = torch.load(path)
    net = network().double()
    net.load_state_dict(OrderedDict((k[len("module.") :], v) for k, v in saved["state_dict"].items()))
    stepper = optimizer(kind, net)
    stepper.load_state_dict(saved["optimizer"])
    return net, stepper


def make(kind: str) -> dict:
    net = network().double()
    load_prng_parameters(net)
    stepper = optimizer(kind, net)
    steps(net, stepper, 0)
    state = OrderedDict((f"module.{k}", v) for k, v in as_float32(net.state_dict()).items())
    saved = {"epoch": 2, "arch": "resnet18", "state_dict": state, "best_prec1": 62.5}
    path = paths.fixture("recipes", f"{kind}.pth.tar")
    torch.save({**saved, "optimizer": as_float32(stepper.state_dict())}, path)
    net, stepper = restored(kind, path)
    losses = steps(net, stepper, STEPS)
    final = {k: digest.digest(k, v.numpy()) for k, v in net.state_dict().items() if "tracked" not in k}
    return {"optimizer": {"type": kind, "clip": 0, **OPTIMIZERS[kind]}, "losses": losses, "state": final}


def check(kind: str, path: str) -> None:
    with open(paths.fixture("recipes", "resume.json"), encoding="utf-8") as f:
        expected = json.load(f)[kind]["losses"]
    losses = steps(*restored(kind, path), STEPS)
    worst = max(abs(a / b - 1) for a, b in zip(losses, expected))
    print(f"{kind}: PyTorch continues from {path} to losses within {worst:.1e}")
    assert worst < 1e-12


def main() -> None:
    if sys.argv[1:2] == ["check"]:
        check(sys.argv[2], sys.argv[3])
        return
    about = {
        "network": {"arch": "resnet18", "width": WIDTH, "stem": "small", "classes": CLASSES, **NETWORK},
        "firstStep": STEPS,
    }
    paths.write_json(paths.fixture("recipes", "resume.json"), {"about": about, **{kind: make(kind) for kind in OPTIMIZERS}})


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
