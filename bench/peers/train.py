"""Times PyTorch's training step of a network, one step per request, so that a bench can take turns.

The first line printed says {"ready": true, ...} or {"error": "..."}. Then each line "step" on standard input runs one
step and prints {"seconds": ..., "loss": ..., "peakRssBytes": ...}; "quit" or the end of input ends the program.
A step is zero_grad, forward, mean cross entropy, backward and SGD with momentum. Networks are those of networks.py.
"""

import argparse
import resource
import time

from networks import make_network
from peer import check_dtype, requests, say, say_error, versions_of


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", default="resnet50")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=224, help="height and width of the images")
    parser.add_argument("--classes", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--memory-format", choices=["channels_last", "contiguous_format"], default="channels_last")
    parser.add_argument("--compile", action="store_true", help="the network goes through torch.compile")
    parser.add_argument("--warm-up", type=int, default=1, help="untimed steps before the ready line")
    return parser.parse_args()


def peak_rss_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def make_step(args, torch):
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    shape = (args.batch, 3, args.size, args.size)
    memory_format = getattr(torch, args.memory_format)
    net = make_network(args.arch, args.classes).to(memory_format=memory_format).train()
    images = torch.randn(shape).to(memory_format=memory_format)
    labels = torch.randint(args.classes, (args.batch,))
    if args.compile:
        if not hasattr(torch, "compile"):
            raise RuntimeError("torch.compile needs PyTorch 2")
        # Tracing fails at the first step, in the warm-up, with an error of its own.
        net = torch.compile(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.dtype == "bfloat16"):
            logits = net(images)
        loss = torch.nn.functional.cross_entropy(logits.float(), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def main() -> None:
    args = arguments()
    try:
        check_dtype(args.dtype)
        import torch
        import torchvision

        versions = versions_of(torch, torchvision)
        rss_at_start = peak_rss_bytes()
        step = make_step(args, torch)
        for _ in range(args.warm_up):
            step()
    except (ImportError, RuntimeError) as error:
        say_error(error)
        return
    # Now the libraries are loaded and nothing has been built yet.
    rss = {"rssAtStartBytes": rss_at_start, "peakRssBytes": peak_rss_bytes()}
    threads = torch.get_num_threads()
    say(ready=True, versions=versions, threads=threads, batch=args.batch, size=args.size, dtype=args.dtype, **rss)
    for _ in requests("step"):
        start = time.perf_counter()
        loss = step()
        say(seconds=time.perf_counter() - start, loss=loss, peakRssBytes=peak_rss_bytes())


if __name__ == "__main__":
    main()
