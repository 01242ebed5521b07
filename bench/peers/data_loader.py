"""Times torchvision's image loading, one pass per request, so that a bench can take turns.

The first line printed says {"ready": true, ...} or {"error": "..."}. Then each line "epoch" on standard input loads
--images images in batches and prints {"imagesPerSecond": ...}; "quit" or the end of input ends the program. A pass is
ImageFolder, RandomResizedCrop, horizontal flip, [ColorJitter,] [RandAugment or TrivialAugmentWide,] ToTensor, Normalize
[and RandomErasing] in a DataLoader with workers that stay, with the interpolation of torchvision's training script.
MixUp and CutMix are those of transforms.v2, in the workers' collate_fn as in that script.
"""

import argparse
import time

from peer import requests, say, say_error, versions_of


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--crop", type=int, default=224)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--augment", choices=["none", "rand", "trivial"], default="none")
    parser.add_argument("--erase", type=float, default=0, help="probability of random erasing")
    parser.add_argument("--jitter", type=float, default=0, help="of brightness, contrast and saturation")
    parser.add_argument("--mixup", type=float, default=0, help="alpha")
    parser.add_argument("--cutmix", type=float, default=0, help="alpha")
    parser.add_argument("--images", type=int, default=1024, help="images of one pass")
    return parser.parse_args()


def mixed(args, classes):
    """Collates a batch and mixes it; None: as PyTorch collates."""
    if not (args.mixup or args.cutmix):
        return None
    from torch.utils.data import default_collate
    from torchvision.transforms import v2

    chosen = [make(alpha=alpha, num_classes=max(2, classes)) for make, alpha in ((v2.MixUp, args.mixup), (v2.CutMix, args.cutmix)) if alpha]
    choice = v2.RandomChoice(chosen)
    return lambda samples: choice(*default_collate(samples))


def make_loader(args):
    import torch
    import torchvision
    from torchvision import transforms

    torch.manual_seed(0)
    bilinear = transforms.InterpolationMode.BILINEAR
    policies = {
        "none": [],
        "rand": [transforms.RandAugment(interpolation=bilinear)],
        "trivial": [transforms.TrivialAugmentWide(interpolation=bilinear)],
    }
    transform = transforms.Compose(
        [
            transforms.RandomResizedCrop(args.crop),
            transforms.RandomHorizontalFlip(),
            *([transforms.ColorJitter(args.jitter, args.jitter, args.jitter)] if args.jitter else []),
            *policies[args.augment],
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
            *([transforms.RandomErasing(args.erase)] if args.erase else []),
        ]
    )
    folder = torchvision.datasets.ImageFolder(args.folder, transform)
    sampler = torch.utils.data.RandomSampler(folder, replacement=True, num_samples=args.images)
    loader = torch.utils.data.DataLoader(
        folder,
        args.batch,
        sampler=sampler,
        num_workers=args.workers,
        persistent_workers=True,
        collate_fn=mixed(args, len(folder.classes)),
    )
    return loader, versions_of(torch, torchvision)


def main() -> None:
    args = arguments()
    try:
        loader, versions = make_loader(args)
    except (ImportError, RuntimeError, FileNotFoundError) as error:
        say_error(error)
        return
    say(ready=True, versions=versions)
    for _ in requests("epoch"):
        start = time.perf_counter()
        images = sum(len(labels) for _, labels in loader)
        say(imagesPerSecond=images / (time.perf_counter() - start))


if __name__ == "__main__":
    main()
