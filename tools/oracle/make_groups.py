"""packages/session/test/fixtures/groups.json: three steps of AdamW with the groups of timm's param_groups_layer_decay."""

import torch

import paths
import prng

SIZES = {"stem": (6, 5), "block1": (5, 4), "block2": (4, 4), "fc": (4, 3)}
RATE, WEIGHT_DECAY, LAYER_DECAY, STEPS = 0.05, 0.3, 0.5, 3


def main():
    net = torch.nn.Sequential()
    for name, (inputs, outputs) in SIZES.items():
        net.add_module(name, torch.nn.Linear(inputs, outputs).double())
    with torch.no_grad():
        for name, p in net.named_parameters():
            p.copy_(torch.tensor(prng.normal(name, tuple(p.shape))))
    start = {name: p.tolist() for name, p in net.named_parameters()}
    groups = []
    for layer, name in enumerate(SIZES):
        for kind, p in getattr(net, name).named_parameters():
            # timm: no weight decay on vectors, and the rate of layer l of L is scaled by decay^(L - 1 - l).
            rate = RATE * LAYER_DECAY ** (len(SIZES) - 1 - layer)
            groups.append({"params": [p], "lr": rate, "weight_decay": WEIGHT_DECAY if p.dim() > 1 else 0})
    optimizer = torch.optim.AdamW(groups)
    x, y = torch.tensor(prng.normal("x", (8, 6))).double(), torch.tensor(prng.normal("y", (8, 3))).double()
    for _ in range(STEPS):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(net(x), y).backward()
        optimizer.step()
    end = {name: p.detach().tolist() for name, p in net.named_parameters()}
    options = {"learningRate": RATE, "weightDecay": WEIGHT_DECAY, "layerDecay": LAYER_DECAY, "steps": STEPS}
    out = {"options": options, "x": x.tolist(), "y": y.tolist(), "start": start, "end": end}
    paths.write_json(paths.fixture("session", "groups.json"), out)


if __name__ == "__main__":
    main()
