"""The network and images of test-vistas: WiderResNet (A2, dilated) with DeepLabV3, and photographs of any size."""

import os
from functools import partial

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from deeplab import SegmentationNet, segmentation_net
from iabn import Abn
from nets import NETS

CLASSES, POOLING = 65, (84, 84)
MEAN = (0.41738699, 0.45732192, 0.46886091)
STD = (0.25685097, 0.26509955, 0.29067996)
# Deviation of the logits with random weights: the largest of 65 is confident in some places and uncertain in others.
SPREAD = 6.0


def vistas_net(arch="wider_resnet38_a2", fast_pool=False) -> SegmentationNet:
    body = partial(NETS[arch], dilation=True)
    return segmentation_net(body, CLASSES, pooling_size=POOLING, fast_pool=fast_pool)


def read_image(path: str, max_side: int) -> torch.Tensor:
    """1 x 3 x H x W with the longest side `max_side`. The other side is truncated, and so is the longest if rounding makes
    its product smaller than `max_side`."""
    image = Image.open(path).convert("RGB")
    scale = max_side / max(image.size)
    if scale != 1:
        image = image.resize([int(side * scale) for side in image.size], Image.BILINEAR)
    return normalized(np.asarray(image))


def normalized(pixels: np.ndarray) -> torch.Tensor:
    x = torch.tensor(pixels).permute(2, 0, 1).float().div(255)
    return ((x - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1))[None]


def image_files(folder: str) -> list:
    names = sorted(os.listdir(folder))
    return [os.path.join(folder, name) for name in names if name.lower().endswith((".jpg", ".jpeg", ".png"))]


@torch.no_grad()
def randomize(net: nn.Module) -> None:
    """Kaiming weights, scales around 1 and small shifts, from torch's generator."""
    for name, p in net.named_parameters():
        if p.dim() > 1:
            nn.init.kaiming_normal_(p)
        elif name.endswith("weight"):
            p.uniform_(0.5, 1.5)
        else:
            p.normal_(0, 0.1)


@torch.no_grad()
def calibrate(net: SegmentationNet, x: torch.Tensor) -> None:
    """Sets the layers' statistics from these images and scales the logits, so that every class can win."""
    net.eval()
    layers = [m for m in net.modules() if isinstance(m, Abn)]
    for layer in layers:
        layer.train()
        layer.momentum = 1.0
    features = net.head(net.body(x))
    for layer in layers:
        layer.eval()
    logits = F.conv2d(features, net.cls.weight)
    mean = logits.mean((0, 2, 3))
    scale = SPREAD / logits.std((0, 2, 3))
    net.cls.weight.mul_(scale.view(-1, 1, 1, 1))
    net.cls.bias.copy_(0.5 * torch.randn(CLASSES) - scale * mean)


def state_dicts(net: SegmentationNet) -> dict:
    """As published: PyTorch's ordered dictionaries of body, head and cls, without num_batches_tracked."""
    parts = {name: getattr(net, name).state_dict() for name in ("body", "head", "cls")}
    for part in parts.values():
        for name in [key for key in part if key.endswith("num_batches_tracked")]:
            del part[name]
    return parts


def load_snapshot(net: SegmentationNet, path: str) -> None:
    for name, state in torch.load(path, map_location="cpu")["state_dict"].items():
        module = getattr(net, name)
        counts = {k: v for k, v in module.state_dict().items() if k.endswith("num_batches_tracked")}
        module.load_state_dict({**counts, **state})
