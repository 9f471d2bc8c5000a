"""torchvision's network for labels, timed as `benchmark_main.py` times ours: `python benchmarks/torchvision_peer.py`.

A training step (cross entropy of both heads, the auxiliary one by half; SGD with momentum) and an inference up to the
labels, with random weights and images. Needs `pip install torch torchvision`; nothing of this project is imported, so
it may have an environment of its own.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable

try:
    import torch  # pyright: ignore[reportMissingImports]
    import torchvision  # pyright: ignore[reportMissingImports]
except ModuleNotFoundError as error:
    raise SystemExit(f"error: {error}; install it with: pip install torch torchvision") from error

CLASSES = 21


def steps(name: str, size: int, batch: int) -> dict[str, tuple[Callable[[], object], int]]:
    """What is timed → its call, and how many images it takes.

    Args:
        name: of `torchvision.models.segmentation`.
        size: height and width.
        batch: images of a training step.
    """
    build = getattr(torchvision.models.segmentation, name)
    network = build(weights=None, weights_backbone=None, num_classes=CLASSES, aux_loss=True)
    images, labels = torch.rand(batch, 3, size, size), torch.randint(0, CLASSES, (batch, size, size))
    optimizer = torch.optim.SGD(network.parameters(), 0.01, momentum=0.9)

    def train() -> None:
        network.train()
        optimizer.zero_grad()
        logits = network(images)
        of_heads = {head: torch.nn.functional.cross_entropy(logits[head], labels) for head in ("out", "aux")}
        (of_heads["out"] + 0.5 * of_heads["aux"]).backward()
        optimizer.step()

    def infer() -> torch.Tensor:
        network.eval()
        with torch.inference_mode():
            return network(images[:1])["out"].argmax(1)

    return {"training": (train, batch), "inference": (infer, 1)}


def seconds(call: Callable[[], object], rounds: int) -> float:
    """The median of so many calls after a first one."""
    call()
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def main() -> None:
    """Prints seconds an image, and the most memory that the process had."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="deeplabv3_resnet50", help="of torchvision.models.segmentation")
    parser.add_argument("--size", type=int, default=512, help="height and width of the images")
    parser.add_argument("--batch", type=int, default=2, help="images in a training step")
    parser.add_argument("--rounds", type=int, default=5, help="calls of which the median counts")
    args = parser.parse_args()
    torch.manual_seed(0)
    print(f"{args.name}, float32, torchvision {torchvision.__version__}, PyTorch {torch.__version__}")
    for what, (call, images) in steps(args.name, args.size, args.batch).items():
        print(f"{what}: {seconds(call, args.rounds) / images:.3f} s an image")
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"most memory of the process: {kibibytes * 1024 / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
