"""packages/models/test/fixtures/names_shapes.json: the state dictionary of every residual network, in its order."""

import torchvision

import paths
from resnet import STRUCTURES, ResNet


def main() -> None:
    out = {}
    for depth in STRUCTURES:
        net = ResNet(depth)
        peer = getattr(torchvision.models, f"resnet{depth}")()
        assert sorted(map(_shape, net.parameters())) == sorted(map(_shape, peer.parameters())), depth
        out[f"resnet{depth}"] = {k: list(v.shape) for k, v in net.state_dict().items()}
    paths.write_json(paths.fixture("models", "names_shapes.json"), out)


def _shape(tensor):
    return tuple(tensor.shape)


if __name__ == "__main__":
    main()
