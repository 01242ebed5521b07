"""packages/session/test/fixtures/networks.json: loss and gradients of five small hand-written networks, in float64.

Weights, inputs and labels come from prng.py. For each gradient: its norm, and its inner products with two random tensors.
"""

import torch
import torch.nn.functional as F

import paths
import prng

BATCH = 4


def tensor(array) -> torch.Tensor:
    return torch.tensor(array, dtype=torch.float64)


class Parameters:
    """The parameters of a network by name, drawn on first use."""

    def __init__(self, network: str):
        self.network = network
        self.values: dict[str, torch.Tensor] = {}

    def __call__(self, name: str, *shape: int) -> torch.Tensor:
        if name not in self.values:
            drawn = tensor(prng.parameter(f"{self.network}.{name}", shape))
            self.values[name] = drawn.requires_grad_()
        return self.values[name]

    def conv(self, x, name, out, kernel, **options):
        weight = self(f"{name}.weight", out, x.shape[1], kernel, kernel)
        return F.conv2d(x, weight, self(f"{name}.bias", out) if options.pop("bias", True) else None, **options)

    def linear(self, x, name, out):
        return F.linear(x, self(f"{name}.weight", out, x.shape[1]), self(f"{name}.bias", out))

    def abn(self, x, name, slope=0.01):
        weight, bias = self(f"{name}.weight", x.shape[1]), self(f"{name}.bias", x.shape[1])
        y = F.batch_norm(x, None, None, weight.abs() + 1e-5, bias, training=True, eps=1e-5)
        return F.leaky_relu(y, slope)


def lenet(p: Parameters, x):
    h = F.avg_pool2d(torch.tanh(p.conv(x, "conv1", 6, 5, padding=2)), 2)
    h = F.avg_pool2d(torch.tanh(p.conv(h, "conv2", 16, 5)), 2).flatten(1)
    h = torch.tanh(p.linear(h, "fc1", 120))
    h = torch.tanh(p.linear(h, "fc2", 84))
    return p.linear(h, "fc3", 10)


def unet(p: Parameters, x):
    skip = p.abn(p.conv(x, "down1", 8, 3, padding=1, bias=False), "bn1")
    low = p.abn(p.conv(F.max_pool2d(skip, 2), "down2", 16, 3, padding=1, bias=False), "bn2")
    up = F.conv_transpose2d(low, p("up.weight", 16, 8, 2, 2), stride=2)
    h = p.abn(p.conv(torch.cat([skip, up], 1), "join", 8, 3, padding=1, bias=False), "bn3")
    return p.conv(h, "out", 3, 1)


def senet(p: Parameters, x):
    stem = p.abn(p.conv(x, "stem", 8, 3, padding=1, bias=False), "bn1")
    h = p.abn(p.conv(stem, "conv1", 8, 3, padding=1, bias=False), "bn2")
    h = p.abn(p.conv(h, "conv2", 8, 3, padding=1, bias=False), "bn3", slope=1.0)
    gate = torch.sigmoid(p.linear(F.relu(p.linear(h.mean((2, 3)), "squeeze", 4)), "excite", 8))
    h = F.leaky_relu(stem + h * gate[:, :, None, None], 0.01)
    return p.linear(h.mean((2, 3)), "fc", 5)


def mlp(p: Parameters, x):
    return p.linear(F.silu(p.linear(F.relu(p.linear(x, "fc1", 32)), "fc2", 16)), "fc3", 4)


def two_inputs(p: Parameters, image, text):
    seen = F.leaky_relu(p.conv(image, "eye", 6, 3, padding=1), 0.1).mean((2, 3))
    return p.linear(torch.cat([seen, torch.tanh(p.linear(text, "ear", 5))], 1), "fc", 3)


NETWORKS = {
    "lenet": (lenet, {"input": (1, 28, 28)}, 10, ()),
    "unet": (unet, {"input": (2, 8, 8)}, 3, (8, 8)),
    "senet": (senet, {"input": (3, 8, 8)}, 5, ()),
    "mlp": (mlp, {"input": (12,)}, 4, ()),
    "two_inputs": (two_inputs, {"image": (1, 6, 6), "text": (7,)}, 3, ()),
}


def run(name: str) -> dict:
    network, inputs, classes, positions = NETWORKS[name]
    p = Parameters(name)
    values = [tensor(prng.normal(f"{name}:{key}", (BATCH, *shape))) for key, shape in inputs.items()]
    labels = torch.tensor(prng.integers(f"{name}:labels", (BATCH, *positions), classes), dtype=torch.int64)
    loss = F.cross_entropy(network(p, *values), labels)
    loss.backward()
    gradients = {}
    for key, value in p.values.items():
        probes = [tensor(prng.normal(f"{name}:probe{i}:{key}", value.shape)) for i in (0, 1)]
        gradients[key] = [float(value.grad.norm()), *(float((value.grad * probe).sum()) for probe in probes)]
    return {"loss": float(loss), "gradients": gradients}


if __name__ == "__main__":
    paths.write_json(paths.fixture("session", "networks.json"), {name: run(name) for name in NETWORKS})
