"""Times PyTorch's training step on a GPU: ReLU, ordinary BN, channels_last, autocast, cudnn.benchmark, TF32.

The first line printed says {"ready": true, ...} or {"error": "..."}. A line "step" on standard input runs one step and
prints {"seconds": ..., "loss": ...}; "peak" prints {"bytes": ...}, the most that was allocated; "quit" ends the program.
Networks are those of networks.py.
"""

import argparse
import time

from networks import make_network
from peer import requests, say, say_error


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], required=True)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--classes", type=int, default=1000)
    return parser.parse_args()


def make_step(args, torch):
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    torch.manual_seed(0)
    net = make_network(args.arch, args.classes).cuda().to(memory_format=torch.channels_last).train()
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
