"""Where the fixtures go, and how their JSON is written."""

import json
import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def fixture(package: str, *parts: str) -> str:
    path = os.path.join(ROOT, "packages", package, "test", "fixtures", *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    return path


def write_json(path: str, value: dict) -> None:
    """One line for each entry of the top two levels: small files whose changes can still be read in a diff."""
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
