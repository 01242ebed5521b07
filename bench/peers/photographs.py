"""Writes torchvision's crops of photographs for photographs.mjs to compare with.

    photographs.py OUT FILE...

For each file: the evaluation transform (Resize 256, CenterCrop 224) and four boxes of RandomResizedCrop(224), as raw RGB
in OUT/NUMBER.rgb, one after another; OUT/boxes.json lists each file's boxes as [left, top, width, height].
"""

import json
import os
import sys

import numpy as np
import torch
from PIL import Image
from torchvision import transforms
from torchvision.transforms import functional

BOXES = 4


def main(out: str, *files: str) -> None:
    torch.manual_seed(1)
    evaluation = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])
    boxes = []
    for number, path in enumerate(files):
        image = Image.open(path).convert("RGB")
        drawn = [transforms.RandomResizedCrop.get_params(image, [0.08, 1], [3 / 4, 4 / 3]) for _ in range(BOXES)]
        results = [evaluation(image), *[functional.resized_crop(image, *box, [224, 224]) for box in drawn]]
        with open(os.path.join(out, f"{number}.rgb"), "wb") as f:
            for result in results:
                f.write(np.asarray(result).tobytes())
        boxes.append([[left, top, w, h] for top, left, h, w in drawn])
    with open(os.path.join(out, "boxes.json"), "w", encoding="utf-8") as f:
        json.dump(boxes, f)


if __name__ == "__main__":
    main(*sys.argv[1:])
