"""The protocol of peers: one JSON object per line on standard output, requests on standard input."""

import json
import sys
from collections.abc import Iterator


def say(**fields) -> None:
    print(json.dumps(fields), flush=True)


def say_error(error: Exception) -> None:
    say(error=f"{type(error).__name__}: {error}".splitlines()[0])


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


def has_bfloat16() -> bool:
    """Whether oneDNN supports bfloat16 here: it needs AVX-512; elsewhere PyTorch falls back to plain loops."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        flags = next((line.split() for line in f if line.startswith("flags")), [])
    return "avx512bw" in flags and "avx512vl" in flags
