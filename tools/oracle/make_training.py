"""packages/recipes/test/fixtures/training.json: twelve steps of a small ResNet-18 under each optimizer, in float64.

Three batches of uint8 images are repeated four times, so that the loss falls. Pixels are prng.bytes8 of the stream
"images:B" for batch B, in N,H,W,C order; inputs are (pixel / 255 - mean) / standard deviation.

elu is smooth, so float32 follows its runs closely for all steps. relu and leaky_relu are not: now and then rounding sends
one value down the other branch, and from then on a run diverges, about twice as far with each step. The errors stored with
each step are the largest of several float32 runs of PyTorch; tolerances should follow from them.
"""

import numpy as np
import torch
from torch.nn import functional as F

import digest
import paths
import prng
from nets import load_prng_parameters
from resnet import ResNet

STEPS, BATCHES, BATCH, SIZE, CLASSES, WIDTH = 12, 3, 16, 28, 10, 0.25
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]

SGD = {"type": "SGD", "learning_rate": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-4, "clip": 0}
GENTLE = {**SGD, "learning_rate": 0.01}
ADAM = {"type": "Adam", "learning_rate": 1e-3, "weight_decay": 1e-4, "clip": 0}
ELU = {"bn_mode": "inplace", "activation": "elu", "activation_param": 1.0}
LEAKY = {"bn_mode": "inplace", "activation": "leaky_relu", "activation_param": 0.01}
RELU = {"bn_mode": "standard", "activation": "relu", "activation_param": 0.01}

VARIANTS = {
    "sgd-inplace-elu": (ELU, SGD),
    "sgd-clip-inplace-elu": (ELU, {**SGD, "clip": 1.0}),
    "adam-inplace-elu": (ELU, ADAM),
    "sgd-inplace-leaky": (LEAKY, GENTLE),
    "sgd-standard-relu": (RELU, GENTLE),
}

# The float32 runs: one from the given weights, and three from weights that are off by at most one unit in the last place.
PERTURBATIONS = (None, "p1", "p2", "p3")


def batch(index: int):
    pixels = prng.bytes8(f"images:{index}", (BATCH, SIZE, SIZE, 3)).astype(np.float64)
    x = torch.tensor((pixels / 255 - np.array(MEAN)) / np.array(STD)).permute(0, 3, 1, 2).contiguous()
    return x, torch.tensor(prng.integers(f"labels:{index}", (BATCH,), CLASSES))


def optimizer(net, o: dict):
    if o["type"] == "Adam":
        return torch.optim.Adam(net.parameters(), lr=o["learning_rate"], weight_decay=o["weight_decay"])
    keys = {"momentum": o["momentum"], "nesterov": o["nesterov"], "weight_decay": o["weight_decay"]}
    return torch.optim.SGD(net.parameters(), lr=o["learning_rate"], **keys)


def perturb(net, stream: str) -> None:
    with torch.no_grad():
        for name, p in net.named_parameters():
            noise = prng.uniform(f"{stream}:{name}", list(p.shape), -(2.0**-23), 2.0**-23)
            p.mul_(1 + torch.tensor(noise))


def train(network: dict, o: dict, dtype: torch.dtype, perturbation=None) -> dict:
    net = ResNet(
        "resnet18",
        classes=CLASSES,
        width=WIDTH,
        stem="small",
        bn_mode=network["bn_mode"],
        activation=network["activation"],
        param=network["activation_param"],
    ).to(dtype)
    load_prng_parameters(net)
    if perturbation:
        perturb(net, perturbation)
    stepper = optimizer(net, o)
    losses, norms = [], []
    for step in range(STEPS):
        x, labels = batch(step % BATCHES)
        stepper.zero_grad()
        loss = F.cross_entropy(net(x.to(dtype)), labels)
        loss.backward()
        limit = o["clip"] or float("inf")
        norms.append(float(torch.nn.utils.clip_grad_norm_(net.parameters(), limit)))
        stepper.step()
        losses.append(loss.item())
    state = {k: v.double().numpy() for k, v in net.state_dict().items() if "tracked" not in k}
    return {"losses": losses, "gradientNorms": norms, "state": state}


def float32_errors(network: dict, o: dict, double: dict) -> dict:
    runs = [train(network, o, torch.float32, p) for p in PERTURBATIONS]
    losses = [max(abs(r["losses"][i] - e) / e for r in runs) for i, e in enumerate(double["losses"])]
    state = max(_relative(r["state"][k], v) for r in runs for k, v in double["state"].items())
    return {"losses": [float(f"{e:.2g}") for e in losses], "state": float(f"{state:.2g}")}


def _relative(a, b) -> float:
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def main() -> None:
    variants = {}
    for name, (network, o) in VARIANTS.items():
        double = train(network, o, torch.float64)
        errors = float32_errors(network, o, double)
        print(f"{name}: loss {double['losses'][0]:.4f} -> {double['losses'][-1]:.4f}, float32: {errors}", flush=True)
        variants[name] = {
            "network": network,
            "optimizer": o,
            "losses": double["losses"],
            "gradientNorms": double["gradientNorms"],
            "float32ErrorsOfPyTorch": errors,
            "state": {k: digest.digest(k, v) for k, v in double["state"].items()},
        }
    about = {
        "network": {"arch": "resnet18", "width": WIDTH, "stem": "small", "classes": CLASSES},
        "images": {"bytes": "images:BATCH", "shape": [BATCH, SIZE, SIZE, 3], "batches": BATCHES},
        "labels": [batch(b)[1].tolist() for b in range(BATCHES)],
        "mean": MEAN,
        "std": STD,
    }
    paths.write_json(paths.fixture("recipes", "training.json"), {"about": about, **variants})


if __name__ == "__main__":
    torch.manual_seed(0)
    main()
