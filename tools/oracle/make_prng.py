"""packages/core/test/fixtures/prng.json: values that both generators and both digests must give."""

import digest
import paths
import prng

STREAMS = ["", "x", "mod1.conv1.weight", "größe"]


def main() -> None:
    shapes = {
        "mod2.block1.convs.conv1.weight": [4, 3, 3, 3],
        "classifier.fc.weight": [5, 7],
        "mod1.bn1.weight": [16],
        "mod2.block1.convs.bn3.weight": [16],
        "mod1.bn1.bias": [5],
    }
    parameters = {n: prng.parameter(n, s) for n, s in shapes.items()}
    paths.write_json(
        paths.fixture("core", "prng.json"),
        {
            "keys": {n: prng.key(n) for n in STREAMS},
            "bits": {n: prng.bits(n, 4).tolist() + prng.bits(n, 2, start=2_000_000_000).tolist() for n in STREAMS},
            "uniform": {n: prng.uniform(n, (5,), -0.3, 0.7).tolist() for n in STREAMS},
            "normal": {n: prng.normal(n, (5,), 0.5, 3.0).tolist() for n in STREAMS},
            "integers": {n: prng.integers(n, (8,), 10).tolist() for n in STREAMS},
            "bytes": {n: prng.bytes8(n, (8,)).tolist() for n in STREAMS},
            "parameters": {
                n: {"shape": shapes[n], "values": v.reshape(-1).tolist(), "digest": digest.digest(n, v)}
                for n, v in parameters.items()
            },
        },
    )


if __name__ == "__main__":
    main()
