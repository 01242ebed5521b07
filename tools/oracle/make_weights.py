"""packages/interop/test/fixtures/: logits of narrow networks with torchvision's names and ordinary batch norm, and a
checkpoint of one of them with its weight average.

    logits.json: CASE: {arch, width, classes, logits: {ACTIVATION: N x classes, row-major}}

Weights are the streams of their torchvision names (`draw`); images are the stream x. If torchvision is installed, names and
shapes at full width are compared with its own.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

import paths
import prng
from resnet import GROUPS, STRUCTURES

SHAPE, CLASSES = (2, 3, 64, 64), 7
ACTIVATIONS = {"relu": F.relu, "leaky_relu": lambda x: F.leaky_relu(x, 0.01), "identity": lambda x: x}
# Norms that read a concatenation keep positive scales, because an in-place network cannot represent negative ones there.
SIGNED = {"tv_densenet121": ("norm0", "norm2")}


class Block(nn.Module):
    def __init__(self, inputs, planes, inner, stride, groups, act, bottleneck):
        super().__init__()
        self.act = act
        out = 4 * planes if bottleneck else planes
        if bottleneck:
            self.conv1, self.bn1 = nn.Conv2d(inputs, inner, 1, bias=False), nn.BatchNorm2d(inner)
            self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, groups=groups, bias=False)
            self.bn2 = nn.BatchNorm2d(inner)
            self.conv3, self.bn3 = nn.Conv2d(inner, out, 1, bias=False), nn.BatchNorm2d(out)
        else:
            self.conv1, self.bn1 = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False), nn.BatchNorm2d(planes)
            self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False), nn.BatchNorm2d(planes)
        if stride != 1 or inputs != out:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = self.bn2(self.conv2(self.act(self.bn1(self.conv1(x)))))
        if hasattr(self, "conv3"):
            y = self.bn3(self.conv3(self.act(y)))
        return self.act(y + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNet(nn.Module):
    def __init__(self, arch, act, width, classes):
        super().__init__()
        kind, counts = STRUCTURES[arch]
        groups, per_group = GROUPS.get(arch, (1, 64))
        base = round(64 * width)
        inner = round(groups * width) * per_group if groups > 1 else round(per_group * width)
        groups = round(groups * width) if groups > 1 else 1
        self.act = act
        self.conv1, self.bn1 = nn.Conv2d(3, base, 7, 2, 3, bias=False), nn.BatchNorm2d(base)
        inputs = base
        for i, count in enumerate(counts):
            planes, blocks = base * 2**i, []
            for j in range(count):
                stride = 2 if i > 0 and j == 0 else 1
                blocks.append(Block(inputs, planes, inner * 2**i, stride, groups, act, kind == "bottleneck"))
                inputs = 4 * planes if kind == "bottleneck" else planes
            self.add_module(f"layer{i + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        x = F.max_pool2d(self.act(self.bn1(self.conv1(x))), 3, 2, 1)
        for i in range(1, 5):
            x = getattr(self, f"layer{i}")(x)
        return self.fc(x.mean((2, 3)))


class Dense(nn.Module):
    def __init__(self, inputs, growth, act):
        super().__init__()
        self.act = act
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x):
        return torch.cat([x, self.conv2(self.act(self.norm2(self.conv1(self.act(self.norm1(x))))))], 1)


class DenseNet(nn.Module):
    def __init__(self, _, act, width, classes):
        super().__init__()
        self.act, growth, counts = act, round(32 * width), (6, 12, 24, 16)
        channels = 2 * growth
        layers = OrderedDict(conv0=nn.Conv2d(3, channels, 7, 2, 3, bias=False), norm0=nn.BatchNorm2d(channels))
        for i, count in enumerate(counts):
            rows = OrderedDict((f"denselayer{j + 1}", Dense(channels + j * growth, growth, act)) for j in range(count))
            layers[f"denseblock{i + 1}"] = nn.Sequential(rows)
            channels += count * growth
            if i < 3:
                norm, conv = nn.BatchNorm2d(channels), nn.Conv2d(channels, channels // 2, 1, bias=False)
                layers[f"transition{i + 1}"] = nn.Sequential(OrderedDict(norm=norm, conv=conv))
                channels //= 2
        layers["norm5"] = nn.BatchNorm2d(channels)
        self.features, self.classifier = nn.Sequential(layers), nn.Linear(channels, classes)

    def forward(self, x):
        f = self.features
        x = F.max_pool2d(self.act(f.norm0(f.conv0(x))), 3, 2, 1)
        for i in range(1, 5):
            x = getattr(f, f"denseblock{i}")(x)
            if i < 4:
                t = getattr(f, f"transition{i}")
                x = F.avg_pool2d(t.conv(self.act(t.norm(x))), 2)
        return self.classifier(self.act(f.norm5(x)).mean((2, 3)))


CASES = {
    "resnet18": (ResNet, 1 / 16),
    "resnet50": (ResNet, 1 / 16),
    "wide_resnet50_2": (ResNet, 1 / 16),
    "resnext50_32x4d": (ResNet, 1 / 16),
    "tv_densenet121": (DenseNet, 1 / 8),
}


def draw(net: nn.Module, signed=None) -> None:
    """Like `drawn` in packages/interop/test/support/networks.ts; `signed`: path suffixes of norms with both signs."""
    norms = {name for name, m in net.named_modules() if isinstance(m, nn.BatchNorm2d)}
    with torch.no_grad():
        for name, value in net.state_dict().items():
            path, _, kind = name.rpartition(".")
            if not value.is_floating_point():
                continue
            shape = list(value.shape)
            if kind == "running_var":
                data = prng.uniform(name, shape, 0.5, 1.5)
            elif path in norms and kind == "weight":
                u = prng.uniform(name, shape, -1, 1)
                both = signed is None or path.endswith(signed)
                data = torch.where(
                    torch.tensor(u) < 0 if both else torch.zeros(shape, dtype=torch.bool),
                    torch.tensor(u) - 0.5,
                    torch.tensor(u).abs() + 0.5,
                ).numpy()
            else:
                fan_in = value[0].numel() if value.dim() > 1 else 0
                data = prng.normal(name, shape, 0, (2 / fan_in) ** 0.5 if fan_in else 0.2)
            value.copy_(torch.tensor(data))


def check_names(arch: str, build) -> None:
    try:
        import torchvision
    except ImportError:
        return
    peer = getattr(torchvision.models, arch.removeprefix("tv_"))()
    shapes = [(name, tuple(t.shape)) for name, t in build(arch, F.relu, 1, 1000).state_dict().items()]
    assert sorted(shapes) == sorted((name, tuple(t.shape)) for name, t in peer.state_dict().items()), arch


def main() -> None:
    images = torch.tensor(prng.normal("x", list(SHAPE))).double()
    cases = {}
    for arch, (build, width) in CASES.items():
        check_names(arch, build)
        logits = {}
        for activation, act in ACTIVATIONS.items():
            net = build(arch, act, width, CLASSES)
            draw(net, SIGNED.get(arch))
            with torch.no_grad():
                logits[activation] = net.double().eval()(images).flatten().tolist()
        cases[arch] = {"arch": arch, "width": width, "classes": CLASSES, "logits": logits}
    paths.write_json(paths.fixture("interop", "logits.json"), cases)
    net = ResNet("resnet18", F.relu, 1 / 32, CLASSES)
    draw(net)
    state = net.state_dict()
    average = OrderedDict((f"module.{k}", (v / 2).half() if v.is_floating_point() else v) for k, v in state.items())
    path = paths.fixture("interop", "resnet18.pth")
    torch.save({"epoch": 3, "state_dict": state, "state_dict_ema": average}, path, _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
