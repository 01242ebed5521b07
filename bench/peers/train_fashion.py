"""Trains a network of tools/oracle on an image folder as a training configuration says, and validates it.

The first line printed says {"ready": true, ...} or {"error": "..."}. A line "train" on standard input trains and prints
{"top1": ..., "seconds": ...}; "quit" or the end of input ends the program. Settings that this peer does not support
(clipping, Adam, other schedules, colors) are errors, so that both sides train the same.
"""

import argparse
import json
import math
import os
import sys
import time

from peer import requests, say, say_error, versions_of

# The oracle's modules import each other by name.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "oracle"))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="has train/CLASS/* and val/CLASS/*")
    parser.add_argument("config", help="a complete training configuration as JSON")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def require(config: dict) -> None:
    network, optimizer, data = config["network"], config["optimizer"], config["input"]
    wanted = [
        (network, {"weight_init": "xavier_normal", "activation": "leaky_relu", "bn_mode": "inplace", "dilation": 1}),
        (network, {"precision": "float32"}),
        (optimizer, {"type": "SGD", "clip": 0, "classifier_lr": -1}),
        (optimizer["schedule"], {"type": "linear", "mode": "step"}),
        (data, {"scale_train": -1, "color_jitter_train": False, "lighting_train": False}),
    ]
    for section, values in wanted:
        for key, value in values.items():
            if section[key] != value:
                raise ValueError(f"this peer expects {value} for {key} but received {section[key]}")


def fuse_layers() -> None:
    """The oracle's layer with PyTorch's own batch norm: the same numbers, several times faster."""
    import iabn
    from torch.nn import functional as F

    def forward(self, x):
        scale = self.weight.abs() + self.eps if self.inplace else self.weight
        stats = (self.running_mean, self.running_var)
        y = F.batch_norm(x, *stats, scale, self.bias, self.training, self.momentum, self.eps)
        return y if self.activation == "identity" else F.leaky_relu(y, self.param)

    iabn.Abn.forward = forward


def network_of(config: dict):
    """The network of the configuration, with the reference's initialization."""
    import torch
    from torch import nn

    from nets import NETS

    options = {key: config[key] for key in ("classes", "width", "stem", "bn_mode", "activation")}
    if "wider_resnet" not in config["arch"] and config["input_3x3"]:
        options["input_3x3"] = True
    net = NETS[config["arch"]](param=config["activation_param"], **options)
    gain = config["weight_gain_multiplier"] * nn.init.calculate_gain("leaky_relu", config["activation_param"])
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.xavier_normal_(module.weight, gain)
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight, 0.1)
            nn.init.constant_(module.bias, 0)
    return net.to(memory_format=torch.channels_last)


def loaders(args, config: dict):
    import torch
    from torchvision import datasets, transforms

    data, batch = config["input"], config["optimizer"]["batch_size"]
    finish = [transforms.ToTensor(), transforms.Normalize(data["mean"], data["std"])]
    crop = transforms.RandomResizedCrop(data["crop_train"], scale=tuple(data["area_train"]))
    augment = transforms.Compose([crop, transforms.RandomHorizontalFlip(), *finish])
    plain = transforms.Compose([transforms.Resize(data["scale_val"]), transforms.CenterCrop(data["crop_val"]), *finish])
    train = datasets.ImageFolder(os.path.join(args.folder, "train"), augment)
    val = datasets.ImageFolder(os.path.join(args.folder, "val"), plain)
    common = {"batch_size": batch, "num_workers": args.workers}
    return (
        torch.utils.data.DataLoader(train, shuffle=True, drop_last=True, **common),
        torch.utils.data.DataLoader(val, **common),
    )


def make_training(args, config: dict):
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(args.threads)
    torch.manual_seed(config["seed"])
    fuse_layers()
    net = network_of(config["network"])
    train, val = loaders(args, config)
    o, schedule = config["optimizer"], config["optimizer"]["schedule"]
    keys = {"momentum": o["momentum"], "nesterov": o["nesterov"], "weight_decay": o["weight_decay"]}
    optimizer = torch.optim.SGD(net.parameters(), lr=o["learning_rate"], **keys)
    factor = schedule["params"]

    def images(batch):
        return batch.contiguous(memory_format=torch.channels_last)

    def run() -> float:
        step = 0
        for _ in range(schedule["epochs"]):
            net.train()
            for batch, labels in train:
                for group in optimizer.param_groups:
                    group["lr"] = o["learning_rate"] * (step * factor["alpha"] + factor["beta"])
                loss = F.cross_entropy(net(images(batch)), labels)
                if not math.isfinite(loss.item()):
                    raise ValueError(f"the loss is {loss.item()} at step {step}")
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                step += 1
        net.eval()
        with torch.no_grad():
            right = sum((net(images(batch)).argmax(1) == labels).sum().item() for batch, labels in val)
        return 100 * right / len(val.dataset)

    return run


def main() -> None:
    args = arguments()
    try:
        import torch
        import torchvision

        config = json.loads(args.config)
        require(config)
        run = make_training(args, config)
        versions = versions_of(torch, torchvision)
    except (ImportError, ValueError, RuntimeError, FileNotFoundError) as error:
        say_error(error)
        return
    say(ready=True, versions=versions)
    for _ in requests("train"):
        start = time.perf_counter()
        top1 = run()
        say(top1=top1, seconds=time.perf_counter() - start)


if __name__ == "__main__":
    main()
