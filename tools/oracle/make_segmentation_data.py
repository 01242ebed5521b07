"""packages/data/test/fixtures/segmentation.json: images and label maps as Pillow transforms them.

nearest: the source positions of resize(NEAREST), for sizes at which its rounding shows. crops, evaluations: the
segmentation transforms in Pillow and NumPy, with given numbers instead of random ones. photographs: whole images, resized
to a given longest side. labels: PNG files of class ids, and the ids.
"""

import base64
import hashlib
import io

import numpy as np
import paths
import PIL
from PIL import Image

WIDTH, HEIGHT = 61, 47
MEAN_BYTES = [124, 116, 104]  # round(255 · ImageNet's mean)
IGNORED = 255


def photograph(width: int, height: int) -> Image.Image:
    """Sharp edges and smooth gradients; the tests generate the same image."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return Image.fromarray(((x * 5 + y * 3 + c * 41 + ((x * y + c) % 7) * 29) % 256).astype(np.uint8))


def labels(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(((x // 5 + 7 * (y // 3)) % 19).astype(np.uint8))


def digest(pixels: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()


def positions(in_size: int, out_size: int) -> np.ndarray:
    row = Image.fromarray(np.arange(in_size, dtype=np.int32)[None])
    return np.asarray(row.resize((out_size, 1), Image.NEAREST))[0]


def falls_short(in_size: int, out_size: int) -> bool:
    """Whether Pillow's accumulated positions differ from the exact floor((i + ½) · in / out)."""
    exact = [(2 * i + 1) * in_size // (2 * out_size) for i in range(out_size)]
    return list(positions(in_size, out_size)) != exact


def nearest_cases() -> list:
    """Common reductions and enlargements, and for some sizes the first output size whose positions fall short."""
    pairs = [(1, 1), (1, 7), (7, 1), (5, 5), (2, 3), (3, 2), (8, 5), (47, 31), (61, 100), (640, 427), (8000, 2048)]
    pairs += [(n, next(m for m in range(3, 99, 2) if falls_short(n, m))) for n in (2, 6, 10, 14, 20, 30, 46, 58, 96, 512)]
    return [
        {"from": a, "to": b, "positions": positions(a, b).tolist() if b < 60 else digest(positions(a, b).astype(np.int32))}
        for a, b in pairs
    ]


def framed(scaled: tuple, window: tuple, mirrored: bool, crop: tuple) -> dict:
    """Resizes, crops, mirrors and pads to height × width."""
    left, top, width, height = window
    box = (left, top, left + width, top + height)
    image = np.asarray(photograph(WIDTH, HEIGHT).resize(scaled, Image.BILINEAR).crop(box))
    ids = np.asarray(labels(WIDTH, HEIGHT).resize(scaled, Image.NEAREST).crop(box))
    if mirrored:
        image, ids = image[:, ::-1], ids[:, ::-1]
    pixels = np.empty((*crop, 3), np.uint8)
    pixels[:] = MEAN_BYTES
    targets = np.full(crop, IGNORED, np.uint8)
    pixels[:height, :width], targets[:height, :width] = image, ids
    return {"crop": crop, "pixels": digest(pixels), "targets": digest(targets)}


def crop_case(crop: tuple, factor: float, place: tuple, mirrored: bool, size: int = None) -> dict:
    if size is None:
        scaled = (int(WIDTH * factor), int(HEIGHT * factor))
    else:
        shorter = int(size * factor)
        scaled = (int(shorter * WIDTH / HEIGHT), shorter)
    width, height = min(scaled[0], crop[1]), min(scaled[1], crop[0])
    top, left = (int(p * (s - n + 1)) for p, s, n in zip(place, scaled[::-1], (height, width)))
    given = {"factor": factor, "top": top, "left": left, "mirrored": mirrored, "size": size}
    return {**given, **framed(scaled, (left, top, width, height), mirrored, crop)}


def evaluation_case(crop: tuple, size: int = None, max_side: int = None) -> dict:
    width, height = WIDTH, HEIGHT
    if size is not None:
        width, height = int(size * width / height), size
    if max_side is not None and width > max_side:
        scale = max_side / width
        width, height = int(width * scale), int(height * scale)
    w, h = min(width, crop[1]), min(height, crop[0])
    window = (round((width - w) / 2), round((height - h) / 2), w, h)
    return {"size": size, "maxSide": max_side, **framed((width, height), window, False, crop)}


def photograph_case(width: int, height: int, max_side: int) -> dict:
    scale = max_side / max(width, height)
    size = tuple(max(int(side * scale), 1) for side in (width, height))
    return {
        "from": [width, height],
        "maxSide": max_side,
        "to": size,
        "pixels": digest(np.asarray(photograph(width, height).resize(size, Image.BILINEAR))),
    }


def label_case(about: str, image: Image.Image, **options) -> dict:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    held = np.asarray(Image.open(io.BytesIO(buffer.getvalue()))).astype(np.uint8)
    return {
        "about": about,
        "file": base64.b64encode(buffer.getvalue()).decode(),
        "size": image.size,
        "ids": base64.b64encode(held.tobytes()).decode(),
    }


def label_cases() -> list:
    def palette(count: int) -> Image.Image:
        y, x = np.mgrid[:5, :13]
        image = Image.fromarray(((x + 3 * y) % count).astype(np.uint8), "P")
        image.putpalette([value for i in range(count) for value in ((200 - i) % 256, 3 * i % 256, i * i % 256)])
        return image

    ids = np.arange(13 * 5, dtype=np.uint8).reshape(5, 13) * 3 + 60
    bits = Image.fromarray((np.indices((5, 13)).sum(0) % 3 == 0).astype(np.uint8) * 255).convert("1")
    return [
        label_case("gray, 8 bits", Image.fromarray(ids)),
        label_case("gray, 1 bit", bits),
        label_case("palette, 8 bits", palette(256), bits=8),
        label_case("palette, 8 bits, a transparent class", palette(40), bits=8, transparency=3),
        *[label_case(f"palette, {bits} bits", palette(1 << bits), bits=bits) for bits in (4, 2, 1)],
    ]


def main() -> None:
    crops = [
        crop_case((32, 32), 1.0, (0.3, 0.8), False),
        crop_case((20, 36), 1.37, (0.99, 0.0), True),
        crop_case((64, 64), 0.71, (0.5, 0.5), True),
        crop_case((40, 50), 0.9, (0.4, 0.6), False, size=30),
        crop_case((24, 24), 1.9, (0.1, 0.7), True, size=33),
    ]
    evaluations = [
        evaluation_case((32, 32)),
        evaluation_case((64, 64)),
        evaluation_case((64, 64), max_side=40),
        evaluation_case((32, 50), size=40),
        evaluation_case((48, 48), size=90, max_side=48),
    ]
    photographs = [photograph_case(*case) for case in [(61, 47, 40), (47, 61, 128), (1, 1, 7), (8000, 50, 2048), (3, 400, 100), (45, 683, 2048)]]
    content = {
        "made": f"Pillow {PIL.__version__}",
        "nearest": nearest_cases(),
        "crops": crops,
        "evaluations": evaluations,
        "photographs": photographs,
        "labels": label_cases(),
    }
    paths.write_json(paths.fixture("data", "segmentation.json"), content)


if __name__ == "__main__":
    main()
