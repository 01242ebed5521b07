"""Times PyTorch's grouped 3x3 convolutions, one direction of one layer per request, so that a bench can take turns.

The first line printed says {"ready": true, ...} or {"error": "..."}. Each line "DIRECTION FORMAT BATCH CHANNELS SIDE
STRIDE" on standard input (DIRECTION forward, data or weights; FORMAT channels_last or contiguous_format) runs it once and
prints {"seconds": ...}; "quit" or the end of input ends the program.
"""

import argparse
import functools
import sys
import time

from peer import say, versions_of


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--groups", type=int, default=64)
    return parser.parse_args()


def main() -> None:
    args = arguments()
    try:
        import torch
    except ImportError as error:
        say(error=f"ImportError: {error}")
        return
    torch.set_num_threads(args.threads)

    @functools.lru_cache(maxsize=2)
    def operands(form: str, batch: int, channels: int, side: int, stride: int):
        memory_format = getattr(torch, form)
        x = torch.randn(batch, channels, side, side).contiguous(memory_format=memory_format)
        w = torch.randn(channels, channels // args.groups, 3, 3).contiguous(memory_format=memory_format)
        y = torch.nn.functional.conv2d(x, w, None, stride, 1, 1, args.groups)
        return x, w, torch.randn_like(y)

    def seconds(direction: str, form: str, *shape: int) -> float:
        x, w, dy = operands(form, *shape)
        window = ([shape[-1]] * 2, [1, 1], [1, 1])
        wanted = [direction == "data", direction == "weights", False]
        start = time.perf_counter()
        if direction == "forward":
            torch.nn.functional.conv2d(x, w, None, *window, args.groups)
        else:
            torch.ops.aten.convolution_backward(dy, x, w, None, *window, False, [0, 0], args.groups, wanted)
        return time.perf_counter() - start

    say(ready=True, versions=versions_of(torch))
    for line in sys.stdin:
        words = line.split()
        if words == ["quit"]:
            return
        if len(words) != 6 or words[0] not in ("forward", "data", "weights"):
            say(error=f"unknown request {line.strip()!r}")
            continue
        say(seconds=seconds(words[0], words[1], *map(int, words[2:])))


if __name__ == "__main__":
    main()
