"""packages/data/test/fixtures/{crops,colors,jpegs}.json: images as torchvision, Pillow and plain PyTorch formulas transform them.

crops: quantiles of the boxes that RandomResizedCrop draws. colors: color jitter and lighting as the recipe defines them,
operation by operation on float pixels, then normalized. jpegs: small files of every common kind of JPEG, with the pixels
that Pillow (libjpeg-turbo) decodes.
"""

import base64
import hashlib
import io
import itertools

import numpy as np
import paths
import PIL
import torch
import torchvision
from PIL import Image
from torchvision.transforms import Normalize, RandomResizedCrop

DRAWS = 200_000
LEVELS = [0.001, 0.01, *[round(0.05 * i, 2) for i in range(1, 20)], 0.99, 0.999]
# Width and height: landscape, portrait, square, and two so elongated that some or all draws fall back to the center.
SIZES = [(500, 375), (333, 500), (224, 224), (640, 240), (90, 900)]

EIGENVALUES = [0.2175, 0.0188, 0.0045]
EIGENVECTORS = [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def crop_quantiles(width: int, height: int) -> dict:
    image = torch.empty(3, height, width)
    boxes = [RandomResizedCrop.get_params(image, [0.08, 1], [3 / 4, 4 / 3]) for _ in range(DRAWS)]
    top, left, h, w = np.array(boxes, dtype=np.float64).T
    measured = {
        "area": w * h / (width * height),
        "aspect": w / h,
        "left": left / np.maximum(width - w, 1),
        "top": top / np.maximum(height - h, 1),
    }
    quantiles = {k: [float(f"{q:.6g}") for q in np.quantile(v, LEVELS, method="inverted_cdf")] for k, v in measured.items()}
    return {"width": width, "height": height, **quantiles}


def gray(image: torch.Tensor) -> torch.Tensor:
    return (torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64).view(3, 1, 1) * image).sum(0, keepdim=True)


def towards(image: torch.Tensor, other: torch.Tensor, factor: float) -> torch.Tensor:
    return factor * image + (1 - factor) * other


OPERATIONS = {
    "saturation": lambda x, f: towards(x, gray(x).expand_as(x), f),
    "brightness": lambda x, f: towards(x, torch.zeros_like(x), f),
    "contrast": lambda x, f: towards(x, gray(x).mean().expand_as(x), f),
}


def color_case(order: tuple, factors: list, alpha: list) -> dict:
    """A 4×5 image after the three operations in `order`, lighting noise and normalization."""
    pixels = np.random.RandomState(len(str(order)) + int(1000 * factors[0])).randint(0, 256, (4, 5, 3), dtype=np.uint8)
    x = torch.from_numpy(pixels).permute(2, 0, 1).double() / 255
    for name in order:
        x = OPERATIONS[name](x, factors[list(OPERATIONS).index(name)])
    vectors, values = torch.tensor(EIGENVECTORS, dtype=torch.float64), torch.tensor(EIGENVALUES, dtype=torch.float64)
    x = x + (vectors * torch.tensor(alpha, dtype=torch.float64) * values).sum(1).view(3, 1, 1)
    x = Normalize(MEAN, STD)(x)
    return {
        "order": order,
        "factors": factors,
        "alpha": alpha,
        "pixels": pixels.reshape(-1).tolist(),
        "result": [float(f"{v:.9g}") for v in x.permute(1, 2, 0).reshape(-1).tolist()],
    }


def color_cases() -> list:
    random = np.random.RandomState(7)
    return [
        color_case(order, random.uniform(0.6, 1.4, 3).round(4).tolist(), random.normal(0, 0.1, 3).round(4).tolist())
        for order in itertools.permutations(OPERATIONS)
    ]


def photograph(width: int, height: int) -> Image.Image:
    """Gradients, edges and noise: all frequencies, and colors at the ends of the range."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    noise = np.random.RandomState(width * height).normal(0, 12, (height, width, 3))
    waves = 128 + 150 * np.sin(x / (5 + 3 * c)) * np.cos(y / (7 - 2 * c)) + 80 * ((x + 2 * y) // 11 % 2) + noise
    return Image.fromarray(np.clip(waves, 0, 255).astype(np.uint8))


def jpeg_case(width: int, height: int, mode: str = "RGB", **options) -> dict:
    buffer = io.BytesIO()
    photograph(width, height).convert(mode).save(buffer, "JPEG", **{"quality": 85, **options})
    pixels = np.asarray(Image.open(io.BytesIO(buffer.getvalue())).convert("RGB"))
    return {
        "about": ", ".join([f"{width}×{height}", mode, *[f"{k} {v}" for k, v in options.items()]]),
        "file": base64.b64encode(buffer.getvalue()).decode(),
        "sha256": hashlib.sha256(pixels.tobytes()).hexdigest(),
    }


def jpeg_cases() -> list:
    sizes = [(61, 47), (48, 32), (17, 1), (1, 17), (2, 3), (35, 50)]
    cases = [jpeg_case(*size, subsampling=s) for size in sizes for s in ("4:2:0", "4:2:2", "4:4:4")]
    cases += [jpeg_case(*size, mode="L") for size in sizes[:4]]
    cases += [jpeg_case(61, 47, subsampling=s, quality=q) for s in ("4:2:0", "4:4:4") for q in (5, 30, 100)]
    cases += [jpeg_case(61, 47, subsampling=s, progressive=True) for s in ("4:2:0", "4:4:4")]
    cases += [jpeg_case(61, 47, optimize=True)]
    return cases


def main() -> None:
    torch.manual_seed(0)
    versions = f"torch {torch.__version__}, torchvision {torchvision.__version__}, Pillow {PIL.__version__}"
    crops = {"made": versions, "draws": DRAWS, "levels": LEVELS, "sizes": [crop_quantiles(*size) for size in SIZES]}
    paths.write_json(paths.fixture("data", "crops.json"), crops)
    paths.write_json(paths.fixture("data", "colors.json"), {"made": versions, "cases": color_cases()})
    paths.write_json(paths.fixture("data", "jpegs.json"), {"made": versions, "cases": jpeg_cases()})


if __name__ == "__main__":
    main()
