"""Times PyTorch's batch_norm and leaky_relu on a GPU, training mode, channels_last.

The first line printed says {"ready": true, ...} or {"error": "..."}. A line "measure" on standard input prints the median
seconds of {"forward": ..., "backward": ...} by the device's events; "quit" or the end of input ends the program.
"""

import argparse
import statistics

from peer import requests, say, say_error

WARM_UP = 3


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--channels", type=int, required=True)
    parser.add_argument("--side", type=int, required=True)
    parser.add_argument("--dtype", choices=["float32", "bfloat16", "float16"], required=True)
    parser.add_argument("--rounds", type=int, default=20)
    return parser.parse_args()


def make_measure(args, torch):
    from torch.nn import functional as F

    shape = (args.batch, args.channels, args.side, args.side)
    make = {"device": "cuda", "dtype": getattr(torch, args.dtype)}
    x = torch.randn(shape, **make).to(memory_format=torch.channels_last).requires_grad_()
    dz = torch.randn(shape, **make).to(memory_format=torch.channels_last)
    weight = torch.ones(args.channels, device="cuda", requires_grad=True)
    bias = torch.zeros(args.channels, device="cuda", requires_grad=True)
    mean, var = torch.zeros(args.channels, device="cuda"), torch.ones(args.channels, device="cuda")

    def forward():
        y = F.batch_norm(x, mean, var, weight, bias, training=True, momentum=0.1, eps=1e-5)
        return F.leaky_relu_(y, 0.01)

    def timed(work):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        result = work()
        end.record()
        torch.cuda.synchronize()
        return begin.elapsed_time(end) / 1e3, result

    def measure() -> dict:
        times = {"forward": [], "backward": []}
        for turn in range(WARM_UP + args.rounds):
            ahead, z = timed(forward)
            back, _ = timed(lambda z=z: torch.autograd.grad(z, (x, weight, bias), dz))
            if turn >= WARM_UP:
                times["forward"].append(ahead)
                times["backward"].append(back)
        return {name: statistics.median(values) for name, values in times.items()}

    return measure


def main() -> None:
    args = arguments()
    try:
        import torch

        measure = make_measure(args, torch)
    except (ImportError, RuntimeError, AssertionError) as error:
        say_error(error)
        return
    say(ready=True, versions={"torch": torch.__version__})
    for _ in requests("measure"):
        say(**measure())


if __name__ == "__main__":
    main()
