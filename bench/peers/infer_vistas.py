"""Times PyTorch's segmentation of one image, one run per request, so that a bench can take turns.

The network of test-vistas (WiderResNet with DeepLabV3, tools/oracle/vistas.py) with random weights, under no_grad: logits, resized
to the image, softmax, and the largest probability with its class. Layers are F.batch_norm with the activation in place.

The first line printed says {"ready": true, ...} or {"error": "..."}. Then each line "run" on standard input segments the
image and prints {"seconds": ..., "peakRssBytes": ...}, the peak since the ready line; "quit" or the end of input ends the program.
The ready line's rssAtStartBytes is what was resident with libraries, weights and image loaded, and weightBytes the size of the
weights. There is no run before it, so that the peak of the first is its own; a bench warms up with a request.
"""

import argparse
import ctypes
import gc
import os
import re
import sys
import time

from peer import check_dtype, requests, say, say_error, versions_of


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", default="wider_resnet38_a2")
    parser.add_argument("--height", type=int, default=1024)
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--memory-format", choices=["channels_last", "contiguous_format"], default="contiguous_format")
    parser.add_argument("--fold", action="store_true", help="layers behind a convolution go into its weights")
    parser.add_argument(
        "--fast-pool", action="store_true", help="cumulative sums for F.avg_pool2d, whose time grows with the window's area"
    )
    return parser.parse_args()


def resident_bytes(field: str) -> int:
    """VmRSS, the current resident size, or VmHWM, its peak since reset_peak."""
    with open("/proc/self/status", encoding="ascii") as f:
        return 1024 * int(re.search(rf"^{field}:\s+(\d+) kB", f.read(), re.MULTILINE)[1])


def reset_peak() -> None:
    """Returns freed memory to the system and resets the peak, so that a run cannot hide in it."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/clear_refs", "w", encoding="ascii") as f:
        f.write("5")


def make_run(args, torch):
    """Returns a function that segments the image, and the bytes of the weights."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    sys.path.insert(0, os.path.join(root, "tools", "oracle"))
    import vistas
    from deployed import deploy

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    dtype, memory_format = getattr(torch, args.dtype), getattr(torch, args.memory_format)
    net = vistas.vistas_net(args.arch, args.fast_pool)
    vistas.randomize(net)
    # Calibrate on a small image, so that activations stay in range.
    vistas.calibrate(net, torch.randn(4, 3, 96, 96))
    net = deploy(net, args.fold).to(dtype).to(memory_format=memory_format)
    shape = (1, 3, args.height, args.width)
    image = torch.randn(shape).to(dtype).to(memory_format=memory_format)

    def run() -> float:
        logits = net(image).float()
        full = torch.nn.functional.interpolate(logits, size=shape[2:], mode="bilinear", align_corners=False)
        best, labels = torch.softmax(full, 1).max(1)
        return float(best.mean()) + len(labels)

    return run, sum(t.numel() * t.element_size() for t in net.state_dict().values())


def main() -> None:
    args = arguments()
    try:
        check_dtype(args.dtype)
        import torch

        with torch.no_grad():
            run, weight_bytes = make_run(args, torch)
            serve(args, torch, run, weight_bytes)
    except (ImportError, RuntimeError) as error:
        say_error(error)


def serve(args, torch, run, weight_bytes: int) -> None:
    versions = versions_of(torch)
    options = {"arch": args.arch, "height": args.height, "width": args.width, "dtype": args.dtype}
    reset_peak()
    rss = {"rssAtStartBytes": resident_bytes("VmRSS"), "weightBytes": weight_bytes}
    say(ready=True, versions=versions, threads=torch.get_num_threads(), **options, **rss)
    for _ in requests("run"):
        start = time.perf_counter()
        run()
        say(seconds=time.perf_counter() - start, peakRssBytes=resident_bytes("VmHWM"))


if __name__ == "__main__":
    main()
