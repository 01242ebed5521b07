"""packages/optim/test/fixtures/ema.json: weight averages over 50 steps, as by timm's ModelEmaV3 and torchvision."""

import torch

import paths
import prng

STEPS, LR = 50, 0.1


def timm_decay(step, decay, warmup, gamma=1.0, power=2 / 3):
    """timm.utils.ModelEmaV3.get_decay; step is the number of updates so far."""
    step = max(0, step - 1)
    if step <= 0:
        return 0.0
    return min(decay, 1 - (1 + step / gamma) ** -power) if warmup else decay


def averaged(weights, decay, warmup):
    average = None
    for step, now in enumerate(weights, 1):
        if average is None:
            average = now.clone()
        average = average.lerp(now, 1 - timm_decay(step, decay, warmup))
    return average


def torchvision(weights, decay, every):
    """torch.optim.swa_utils.AveragedModel with torchvision's avg_fn, updated every `every` steps."""
    module = torch.nn.Linear(4, 1, bias=False).double()
    model = torch.optim.swa_utils.AveragedModel(module, avg_fn=lambda a, m, n: decay * a + (1 - decay) * m)
    for step, now in enumerate(weights, 1):
        with torch.no_grad():
            module.weight.copy_(now.view(1, 4))
        if step % every == 0:
            model.update_parameters(module)
    return model.module.weight.detach().flatten()


def main():
    w, weights = torch.zeros(4, dtype=torch.float64), []
    for step in range(STEPS):
        w = w - LR * torch.tensor(prng.normal(f"gradient:{step}", (4,))).double()
        weights.append(w)
    cases = [
        {"decay": 0.9, "warmUp": False, "average": averaged(weights, 0.9, False).tolist()},
        {"decay": 0.99, "warmUp": True, "average": averaged(weights, 0.99, True).tolist()},
        {"decay": 0.8, "every": 4, "average": torchvision(weights, 0.8, 4).tolist()},
    ]
    paths.write_json(paths.fixture("optim", "ema.json"), {"weights": [w.tolist() for w in weights], "cases": cases})


if __name__ == "__main__":
    main()
