"""Compares the classes and probabilities of test-vistas with PyTorch's, on photographs at full size.

    check_vistas.py photographs DIR              copies photographs of Debian's opencv-doc
    check_vistas.py write SNAPSHOT               random weights in the published layout, calibrated on these photographs
    check_vistas.py predict SNAPSHOT IN_DIR OUT_DIR
    check_vistas.py compare OURS_DIR THEIRS_DIR  exits with 1 if they differ

predict writes NAME.png, class ids in gray, and NAME.npy, probabilities in float32, at the network's input size or, with
--original-size, at the size of the photograph (nearest neighbor). compare needs both files from both sides; instead of
NAME.npy, ours may have NAME_prob.png (probability x 255), exact to 1/255. A quick run: --arch wider_resnet16_a2
--max-side 256.

The time of F.avg_pool2d grows with the area of the window: minutes for 84 x 84 at full size. --fast-pool computes the same
means from cumulative sums in float64 (deeplab.py), up to rounding.
"""

import argparse
import json
import os
import shutil
import sys
import time

import numpy as np
import torch
from PIL import Image

import vistas
from deployed import deploy
from fusion import FUSIONS, predict

SOURCE = "/usr/share/doc/opencv-doc/examples/data"
PHOTOGRAPHS = ["building.jpg", "fruits.jpg", "graf1.png", "home.jpg", "leuvenA.jpg", "messi5.jpg", "starry_night.jpg", "stuff.jpg"]
# Height and width to which all photographs are resized for calibration.
CALIBRATION = (240, 320)
THREADS = 2
BARS = {"equal": 0.999, "probability": 1e-3}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    photographs = commands.add_parser("photographs")
    photographs.add_argument("dir")
    write = commands.add_parser("write")
    write.add_argument("snapshot")
    write.add_argument("--seed", type=int, default=0)
    write.add_argument("--legacy", action="store_true", help="the container of the published files")
    predictions = commands.add_parser("predict")
    for name in ("snapshot", "in_dir", "out_dir"):
        predictions.add_argument(name)
    predictions.add_argument("--scales", type=json.loads, default=[0.7, 1, 1.2])
    predictions.add_argument("--flip", action="store_true")
    predictions.add_argument("--fusion-mode", choices=list(FUSIONS), default="mean")
    predictions.add_argument("--max-side", type=int, default=2048)
    predictions.add_argument("--original-size", action="store_true")
    predictions.add_argument("--fast-pool", action="store_true")
    predictions.add_argument("--float64", action="store_true", help="tells how far PyTorch's float32 strays")
    for command in (write, predictions):
        command.add_argument("--arch", default="wider_resnet38_a2")
    compare = commands.add_parser("compare")
    compare.add_argument("ours")
    compare.add_argument("theirs")
    compare.add_argument(
        "--within",
        type=float,
        default=1.0,
        help="share of pixels whose probability must be within the bar: voting jumps with every vote, give it 0.999",
    )
    return parser.parse_args()


def photographs(args) -> None:
    os.makedirs(args.dir, exist_ok=True)
    for name in PHOTOGRAPHS:
        shutil.copy(os.path.join(SOURCE, name), args.dir)


def write(args) -> None:
    torch.manual_seed(args.seed)
    net = vistas.vistas_net(args.arch)
    vistas.randomize(net)
    h, w = CALIBRATION
    resized = [Image.open(os.path.join(SOURCE, name)).convert("RGB").resize((w, h)) for name in PHOTOGRAPHS]
    images = torch.cat([vistas.normalized(np.asarray(image)) for image in resized])
    vistas.calibrate(net, images)
    torch.save({"state_dict": vistas.state_dicts(net)}, args.snapshot, _use_new_zipfile_serialization=not args.legacy)
    probabilities = torch.softmax(net(images[:1]), 1)
    best, labels = probabilities.max(1)
    print(f"{args.snapshot}: {PHOTOGRAPHS[0]} has {len(labels.unique())} classes, mean probability {best.mean():.2f}")


def run(args) -> None:
    net = vistas.vistas_net(args.arch, args.fast_pool)
    vistas.load_snapshot(net, args.snapshot)
    # Weights are rounded to float32 before they are widened, so float64 computes exactly the same network.
    deploy(net.double() if args.float64 else net)
    os.makedirs(args.out_dir, exist_ok=True)
    for path in vistas.image_files(args.in_dir):
        start = time.perf_counter()
        x = vistas.read_image(path, args.max_side)
        x = x.double() if args.float64 else x
        labels, best = (t[0].numpy() for t in predict(net, x, args.scales, args.flip, args.fusion_mode))
        save(args, path, labels.astype(np.uint8), best.astype(np.float32))
        size = f"{labels.shape[1]} x {labels.shape[0]}"
        summary = f"{len(np.unique(labels))} classes, mean probability {best.mean():.2f}"
        print(f"{path}: {size}, {summary}, {time.perf_counter() - start:.1f} s", flush=True)


def save(args, path: str, labels: np.ndarray, best: np.ndarray) -> None:
    images = [Image.fromarray(labels), Image.fromarray(best)]
    if args.original_size:
        images = [image.resize(Image.open(path).size, Image.NEAREST) for image in images]
    name = os.path.join(args.out_dir, os.path.splitext(os.path.basename(path))[0])
    images[0].save(name + ".png")
    np.save(name + ".npy", np.asarray(images[1]))


def compare(args) -> bool:
    """Whether every image of THEIRS_DIR passes."""
    names = sorted(os.path.splitext(name)[0] for name in os.listdir(args.theirs) if name.endswith(".npy"))
    if not names:
        sys.exit(f"{args.theirs}: no NAME.npy: expected what predict writes")
    return all([compare_image(args, name) for name in names])


def compare_image(args, name: str) -> bool:
    theirs, their_best = read(args.theirs, name)
    ours, our_best = read(args.ours, name)
    if ours.shape != theirs.shape or our_best.shape != their_best.shape:
        print(f"{name}: {ours.shape} and {our_best.shape}, not {theirs.shape}: wrong")
        return False
    allowed = BARS["probability"]
    if our_best.dtype == np.uint8:
        allowed, our_best = allowed + 1 / 255, our_best / np.float32(255)
    equal = ours == theirs
    # Classes differ where two are almost equally likely; the share of such pixels has its own limit. NaN fails every limit.
    difference = np.abs(our_best.astype(np.float64) - their_best)[equal]
    share, within = equal.mean(), (difference <= allowed).mean() if difference.size else 0.0
    passed = share >= BARS["equal"] and within >= args.within
    worst = f"largest difference of probability {difference.max(initial=0):.1e}, {within:.4%} within {allowed:.1e}"
    print(f"{name}: {share:.4%} of the pixels equal, {worst}: {'passes' if passed else 'wrong'}")
    return passed


def read(folder: str, name: str):
    """Class ids, and probabilities: floats from NAME.npy, or uint8 from NAME_prob.png."""
    path = os.path.join(folder, name)
    labels = np.asarray(Image.open(path + ".png"))
    if os.path.exists(path + ".npy"):
        return labels, np.load(path + ".npy")
    return labels, np.asarray(Image.open(path + "_prob.png"))


@torch.no_grad()
def main() -> None:
    torch.set_num_threads(THREADS)
    args = arguments()
    if args.command == "compare":
        sys.exit(0 if compare(args) else 1)
    {"photographs": photographs, "write": write, "predict": run}[args.command](args)


if __name__ == "__main__":
    main()
