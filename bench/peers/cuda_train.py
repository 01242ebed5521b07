"""Times PyTorch's training step on a GPU: ReLU, ordinary BN, channels_last, autocast, cudnn.benchmark, TF32.

The first line printed says {"ready": true, ...} or {"error": "..."}. A line "step" on standard input runs one step and
prints {"seconds": ..., "loss": ...}; "peak" prints {"bytes": ...}, the most that was allocated; "quit" ends the program.
Networks are torchvision's where it has them, else those of tools/oracle.
"""

import argparse
import os
import sys
import time

from peer import requests, say, say_error

HERE = os.path.dirname(os.path.abspath(__file__))
# The oracle's modules import each other by name; a prepared folder has them beside the peers.
sys.path[:0] = [os.path.join(HERE, "..", "..", "tools", "oracle"), os.path.join(HERE, "oracle")]

TORCHVISION = {"resnet50": "resnet50", "resnext101": "resnext101_64x4d"}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], required=True)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--classes", type=int, default=1000)
    return parser.parse_args()


def of_torchvision(args):
    try:
        from torchvision import models
    except ImportError:
        return None
    make = getattr(models, TORCHVISION.get(args.arch, ""), None)
    return make and make(num_classes=args.classes)


def of_oracle(args):
    """The oracle's network with PyTorch's own batch norm and a ReLU in place, as people write it."""
    import iabn
    from nets import NETS
    from torch.nn import functional as F

    def forward(self, x):
        stats = (self.running_mean, self.running_var)
        y = F.batch_norm(x, *stats, self.weight, self.bias, self.training, self.momentum, self.eps)
        return y if self.activation == "identity" else F.relu_(y)

    iabn.Abn.forward = forward
    return NETS[args.arch](classes=args.classes, bn_mode="standard", activation="relu")


def make_step(args, torch):
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    torch.manual_seed(0)
    net = (of_torchvision(args) or of_oracle(args)).cuda().to(memory_format=torch.channels_last).train()
    shape = (args.batch, 3, args.size, args.size)
    images = torch.randn(shape, device="cuda").to(memory_format=torch.channels_last)
    labels = torch.randint(args.classes, (args.batch,), device="cuda")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=args.dtype == "bfloat16"):
            logits = net(images)
            loss = torch.nn.functional.cross_entropy(logits, labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def main() -> None:
    args = arguments()
    try:
        import torch

        step = make_step(args, torch)
        step()
    except (ImportError, RuntimeError, AssertionError) as error:
        say_error(error)
        return
    say(ready=True, versions={"torch": torch.__version__, "cudnn": str(torch.backends.cudnn.version())})
    for request in requests("step", "peak"):
        if request == "peak":
            say(bytes=torch.cuda.max_memory_allocated())
            continue
        start = time.perf_counter()
        loss = step()
        say(seconds=time.perf_counter() - start, loss=loss)


if __name__ == "__main__":
    main()
