"""Paths of the fixtures, and the format of their JSON."""

import json
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def fixture(package: str, *parts: str) -> str:
    path = os.path.join(ROOT, "packages", package, "test", "fixtures", *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def write_json(path: str, value: dict) -> None:
    """Writes one line for each entry of the top two levels: small files with readable diffs."""
    with open(path, "w", encoding="utf-8") as f:
        f.write(_lines(value, 2) + "\n")
    print(f"{os.path.relpath(path, ROOT)}: {os.path.getsize(path)} bytes")


def _lines(value, depth: int, indent: str = "") -> str:
    if depth == 0 or not isinstance(value, (dict, list)) or not value:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    inner = indent + " "
    if isinstance(value, dict):
        rows = [f"{inner}{json.dumps(k)}: {_lines(v, depth - 1, inner)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    rows = [inner + _lines(v, depth - 1, inner) for v in value]
    return "[\n" + ",\n".join(rows) + f"\n{indent}]"
