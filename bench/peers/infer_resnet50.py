"""Times PyTorch's evaluation of torchvision's ResNet-50 under no_grad, one run per request, so that a bench can take turns.

The first line printed says {"ready": true, ...} or {"error": "..."}. Then each line "run" on standard input runs one
batch and prints {"seconds": ...}; "quit" or the end of input ends the program.
"""

import argparse
import time

from peer import check_dtype, requests, say, say_error, versions_of


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=224, help="height and width of the images")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32", help="of weights and images")
    parser.add_argument("--memory-format", choices=["channels_last", "contiguous_format"], default="contiguous_format")
    parser.add_argument("--fold", action="store_true", help="fold the normalization into the convolutions")
    return parser.parse_args()


def main() -> None:
    args = arguments()
    try:
        check_dtype(args.dtype)
        import torch
        import torchvision
        from torch.fx.experimental.optimization import fuse

        versions = versions_of(torch, torchvision)
    except (ImportError, RuntimeError) as error:
        say_error(error)
        return
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    form = {"dtype": getattr(torch, args.dtype), "memory_format": getattr(torch, args.memory_format)}
    net = torchvision.models.resnet50().eval()
    if args.fold:
        net = fuse(net)
    net = net.to(**form)
    images = torch.randn((args.batch, 3, args.size, args.size)).to(**form)
    with torch.no_grad():
        net(images)
        say(ready=True, versions=versions, threads=torch.get_num_threads(), batch=args.batch)
        for _ in requests("run"):
            start = time.perf_counter()
            net(images)
            say(seconds=time.perf_counter() - start)


if __name__ == "__main__":
    main()
