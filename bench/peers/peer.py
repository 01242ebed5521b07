"""The protocol of peers: one JSON object per line on standard output, requests on standard input."""

import json
import os
import re
import sys
from collections.abc import Iterator


def say(**fields) -> None:
    print(json.dumps(fields), flush=True)


def say_error(error: Exception) -> None:
    """The first lines of a torch.compile error do not name the reason: the C++ compiler's error is further down."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip() and "TORCH_LOGS" not in line]
    found = next((line for line in lines if "error: " in line), None)
    reason = " ".join([*lines[:2], found] if found else lines[:3])
    say(error=f"{type(error).__name__}: {reason}"[:240])


def versions_of(*modules) -> dict:
    """Versions of modules such as torch, of PyTorch's oneDNN and of Python."""
    versions = {module.__name__: module.__version__ for module in modules}
    torch = next((module for module in modules if module.__name__ == "torch"), None)
    if torch:
        config = torch.__config__.show()
        found = re.search(r"(?:MKL-DNN|oneDNN) v([\d.]+)", config)
        versions |= {"onednn": found[1]} if found else {}
        flags_of_cpu()
    return {**versions, "python": sys.version.split()[0]}


def requests(*names: str) -> Iterator[str]:
    """Yields lines that are one of `names`, until "quit" or the end of input; answers others with an error."""
    for line in sys.stdin:
        command = line.strip()
        if command == "quit":
            return
        if command not in names:
            say(error=f"unknown request {command!r}: expected {' or '.join(names)} or quit")
            continue
        yield command


def check_dtype(dtype: str) -> None:
    """Raises for bfloat16 where oneDNN does not support it, without AVX-512: PyTorch falls back to plain loops there."""
    if dtype == "bfloat16" and not {"avx512bw", "avx512vl"} <= set(flags_of_cpu()):
        raise RuntimeError("this CPU has no AVX-512, which bfloat16 needs: use --dtype float32")


def flags_of_cpu() -> list[str]:
    """Raises where /proc is missing, as in a plain chroot: PyTorch would run its slowest kernels there without a word."""
    if not os.path.exists("/proc/cpuinfo"):
        raise RuntimeError("PyTorch reads /proc/cpuinfo to choose its kernels, and /proc is not mounted here")
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        return next((line.split() for line in f if line.startswith("flags")), [])
