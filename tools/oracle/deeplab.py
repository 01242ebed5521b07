"""The DeepLabV3 head and the segmentation network around it: the published module names over plain PyTorch."""

import torch
from torch import nn
from torch.nn import functional as F

from iabn import norm_act_of
from preactivation import conv

DILATIONS = (12, 24, 36)
# Number of channels that cumulative_means holds in float64 at a time.
CHUNK = 256


class DeepLabV3(nn.Module):
    """red_bn(red_conv(map_bn(four parallel convolutions)) + global pooling branch); every layer has norm_act's activation.

    pooling_size (height, width): in evaluation, a sliding window replaces global pooling. fast_pool: cumulative_means
    replaces F.avg_pool2d, whose time grows with the window's area.
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        hidden_channels,
        norm_act,
        dilations=DILATIONS,
        pooling_size=None,
        fast_pool=False,
    ):
        super().__init__()
        self.pooling_size, self.fast_pool = pooling_size, fast_pool
        wide = [conv(in_channels, hidden_channels, 3, padding=d, dilation=d) for d in dilations]
        self.map_convs = nn.ModuleList([conv(in_channels, hidden_channels, 1), *wide])
        self.map_bn = norm_act(hidden_channels * len(self.map_convs))
        self.red_conv = conv(hidden_channels * len(self.map_convs), out_channels, 1)
        self.global_pooling_conv = conv(in_channels, hidden_channels, 1)
        self.global_pooling_bn = norm_act(hidden_channels)
        self.pool_red_conv = conv(hidden_channels, out_channels, 1)
        self.red_bn = norm_act(out_channels)

    def forward(self, x):
        maps = self.red_conv(self.map_bn(torch.cat([branch(x) for branch in self.map_convs], 1)))
        pooled = self.global_pooling_bn(self.global_pooling_conv(self._pool(x)))
        # N x out x 1 x 1, added at every position, or N x out x H x W.
        return self.red_bn(maps + self.pool_red_conv(pooled))

    def _pool(self, x):
        if self.training or self.pooling_size is None:
            return x.mean((2, 3), keepdim=True)
        return sliding_means(x, self.pooling_size, self.fast_pool)


def sliding_means(x, window, fast=False):
    """Means of windows of min(height, H) x min(width, W), stride 1, one per position: the outermost windows are repeated."""
    h, w = (min(size, side) for size, side in zip(window, x.shape[2:]))
    means = cumulative_means(x, h, w) if fast else F.avg_pool2d(x, (h, w), stride=1)
    # Position i has the window that starts at i - (size - 1) // 2, clamped to existing windows; an even window extends one
    # element further after i than before it. F.pad's replication does not support bfloat16.
    rows = (torch.arange(x.shape[2]) - (h - 1) // 2).clamp(0, x.shape[2] - h)
    columns = (torch.arange(x.shape[3]) - (w - 1) // 2).clamp(0, x.shape[3] - w)
    return means[:, :, rows][..., columns]


def cumulative_means(x, h, w):
    """F.avg_pool2d(x, (h, w), stride=1) from cumulative sums in float64: two passes for any window size."""
    chunks = []
    for part in x.split(CHUNK, 1):
        total = F.pad(part.double(), (1, 0, 1, 0)).cumsum(2).cumsum(3)
        rows = total[:, :, h:] - total[:, :, :-h]
        chunks.append(((rows[..., w:] - rows[..., :-w]) / (h * w)).to(x.dtype))
    return torch.cat(chunks, 1)


class SegmentationNet(nn.Module):
    """Logits N x classes x h x w of a body without classifier, a head, and `cls`, a 1x1 convolution with bias."""

    def __init__(self, body, head, head_channels, classes):
        super().__init__()
        self.body, self.head = body, head
        self.cls = nn.Conv2d(head_channels, classes, 1)

    def forward(self, x):
        return self.cls(self.head(self.body(x)))


def segmentation_net(make_body, classes, hidden=256, out=256, layer=None, **head):
    """`make_body(classes=0, **layer)` builds the body; its channels are those of bn_out or of the last block."""
    layer = layer or {}
    body = make_body(classes=0, **layer)
    channels = _channels(body)
    return SegmentationNet(body, DeepLabV3(channels, out, hidden, norm_act_of(**layer), **head), out, classes)


def _channels(body) -> int:
    """Channels of the body's output: those of its last layer with a scale, in module order."""
    layers = [m for m in body.modules() if hasattr(m, "pre_activation")]
    return layers[-1].weight.numel()
