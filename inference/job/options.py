"""The options of `predict_main`: what they are, and what is wrong with them before anything else starts."""

import argparse
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

from base.checkpoint import Checkpoint
from inference.inputs.item import Inputs
from inference.outputs.style import Style
from inference.palettes import PaletteName
from inference.result import Result
from inference.tiling import Tiling
from inference.tta import Tta
from utils.errors import UserError
from utils.registry import OUTPUTS, nearest

_FLIPS = ("flip", "flip_y")


class OptionsError(UserError):
    """An option that cannot be meant."""


@dataclass(frozen=True)
class Options:
    """What a user chose; see `add_options`."""

    run: Path
    which: str
    in_path: tuple[str, ...]
    out: Path
    images: Path | None
    every: int
    max_frames: int | None
    score: float
    classes: tuple[str, ...]
    max_detections: int | None
    batch_size: int
    tile: Tiling | None
    tta: Tta | None
    save: tuple[str, ...]
    restart: bool
    allow_private: bool
    style: Style = field(default_factory=Style)

    def saved(self, video: bool, kind: type[Result]) -> tuple[str, ...]:
        """Names of the outputs; those of the kind of results, of a video or of images, where none were chosen."""
        return self.save or tuple("video" if video and name == "overlay" else name for name in kind.saved)

    def settings(self, checkpoint: Checkpoint, inputs: Inputs, kind: type[Result]) -> dict[str, Any]:
        """What must be the same when a prediction is resumed; JSON values."""
        chosen = {key: getattr(self, key) for key in ("score", "classes", "max_detections")}
        chosen |= {key: asdict(value) if value else None for key, value in (("tile", self.tile), ("tta", self.tta))}
        weights = {"checkpoint": checkpoint.path.name, "weights": checkpoint.meta["variables_sha256"][:16]}
        saved = {"save": self.saved(inputs.fps is not None, kind), "images": str(self.images) if self.images else None}
        return {**weights, **inputs.settings(), **chosen, **saved, **asdict(self.style)}

    def of_predictor(self, images: int | None) -> dict[str, Any]:
        """Arguments of `Predictor` for so many images, None where nobody knows.

        All images count, not those that are left: a network's numbers may depend on the size of the batch, and a
        resumed prediction is to give the same files. Tiles and views fill a batch with one image.
        """
        one_view = self.tile is None and self.tta is None
        batch_size = min(self.batch_size, images or self.batch_size) if one_view else self.batch_size
        return {"batch_size": batch_size, "tile": self.tile, "tta": self.tta}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options to a parser."""
    parser.add_argument("run", nargs="?", help="the folder of a run, or one of its checkpoints")
    parser.add_argument("--ckpt", metavar="PATH", help="the same, under the name that others give it")
    parser.add_argument("--checkpoint", default="best", metavar="best|last|NAME|PATH", help="which one of a run")
    _add_inputs(parser.add_argument_group("inputs"))
    _add_detection(parser.add_argument_group("detection"))
    _add_outputs(parser.add_argument_group("outputs"))


def _add_inputs(group: Any) -> None:
    group.add_argument(
        "--in-path", nargs="+", required=True, metavar="PATH",
        help="an image, a folder with all below it, a glob, a COCO JSON, a .txt list of paths and addresses, "
        "an http(s) address, a video, camera:0",
    )  # fmt: skip
    group.add_argument("--images", metavar="DIR", help="of a COCO JSON: the folder of its images; default: its own")
    group.add_argument("--every", type=int, default=1, metavar="N", help="of a video: one frame of N")
    group.add_argument("--max-frames", type=int, metavar="N", help="of a video or camera: no more than N frames")
    group.add_argument("--allow-private", action="store_true", help="addresses of this machine and its network too")


def _add_detection(group: Any) -> None:
    group.add_argument(
        "--score", type=float, default=0.5, help="lowest score; default 0.5. For average precision take 0"
    )
    group.add_argument("--classes", nargs="+", default=[], metavar="NAME", help="only these classes")
    group.add_argument("--max-detections", type=int, metavar="N", help="the N best of an image")
    group.add_argument("--batch-size", type=int, default=4, metavar="N", help="images in one call; default 4")
    group.add_argument(
        "--tile", nargs="*", type=int, metavar="SIZE",
        help="predict larger images in tiles of SIZE pixels too, of the network's input where no SIZE is given; of "
        "several sizes, in those of each",
    )  # fmt: skip
    group.add_argument(
        "--overlap", type=float, default=0.2, metavar="PART", help="of tiles, as a part of their size; default 0.2"
    )
    group.add_argument(
        "--tta", nargs="*", metavar="VIEW",
        help="test-time augmentation: flip, flip_y, and sizes between 0 and 1, as in --tta flip 0.75; alone it is flip",
    )  # fmt: skip


def _add_outputs(group: Any) -> None:
    group.add_argument("--out-path", required=True, metavar="DIR", help="a new folder, or the one to resume")
    group.add_argument(
        "--save", nargs="+", metavar="NAME",
        help=f"{', '.join(OUTPUTS)}, or package.module:Class; default: overlay coco, for labels overlay labels; of a "
        "video video in place of overlay",
    )  # fmt: skip
    group.add_argument("--color", choices=("instance", "class"), help="one color for each object or for each class")
    group.add_argument("--palette", choices=get_args(PaletteName), default="distinct", help="colors of labels")
    group.add_argument("--gray", action="store_true", help="objects in color, all else in gray")
    for name in ("boxes", "labels", "scores"):
        group.add_argument(f"--no-{name}", action="store_true", help=f"draw no {name}")
    group.add_argument("--image-format", choices=("jpg", "png"), default="jpg", help="of overlays; default jpg")
    group.add_argument("--video-format", choices=("mp4", "webm", "avi"), default="mp4", help="default mp4")
    group.add_argument(
        "--tolerance", type=float, default=0.5, metavar="PIXELS",
        help="by which polygons (yolo, labelme) may leave the mask; default 0.5, 0 is exact",
    )  # fmt: skip
    group.add_argument(
        "--restart", action="store_true", help="move the results that are there aside, and start from the first image"
    )


def read_options(args: argparse.Namespace) -> Options:
    """Checks what `add_options` read.

    Raises:
        OptionsError: an option cannot be meant; says what was received.
    """
    style = Style(
        boxes=not args.no_boxes,
        labels=not args.no_labels,
        scores=not args.no_scores,
        **{
            key: getattr(args, key) for key in ("color", "gray", "image_format", "video_format", "tolerance", "palette")
        },
    )
    _check_numbers(args)
    return Options(
        run=_run(args),
        which=args.checkpoint,
        in_path=tuple(args.in_path),
        out=_out(args.out_path),
        images=Path(args.images).expanduser() if args.images else None,
        save=_saved(args.save or ()),
        style=style,
        classes=tuple(args.classes),
        tile=None if args.tile is None else Tiling(_sizes(args.tile), args.overlap),
        tta=None if args.tta is None else _tta(args.tta or ["flip"]),
        **{key: getattr(args, key) for key in ("every", "max_frames", "score", "max_detections", "batch_size")},
        **{key: getattr(args, key) for key in ("restart", "allow_private")},
    )


def _run(args: argparse.Namespace) -> Path:
    """The folder of the run, or a checkpoint."""
    if (args.run is None) == (args.ckpt is None):
        raise OptionsError("name the folder of a run, as experiments/pets, or a checkpoint: once, first or as --ckpt")
    return Path(args.run or args.ckpt).expanduser()


def _out(text: str) -> Path:
    """Absolute. A link to a folder stays one: `--restart` moves the link aside, and the folder stays where it is."""
    path = Path(text).expanduser().absolute()
    named = path.name not in ("", "..")  # only a name can be moved aside
    return path.parent.resolve() / path.name if named and path.is_dir() else path.resolve()


def _saved(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if ":" not in name and name not in OUTPUTS:
            near = nearest(name, OUTPUTS)
            hint = f"; did you mean {near}?" if near else ""
            raise OptionsError(f"--save {name}: there is no such output{hint} Choices: {', '.join(OUTPUTS)}.")
    return tuple(dict.fromkeys(names))


def _sizes(given: Sequence[int]) -> int | tuple[int, ...] | None:
    """What `Tiling` takes; 0 is the size of the network's input."""
    if list(given) in ([], [0]):
        return None
    return given[0] if len(given) == 1 else tuple(given)


def _tta(views: Sequence[str]) -> Tta:
    try:
        scales = tuple(float(view) for view in views if view not in _FLIPS)
        return Tta(flip_x="flip" in views, flip_y="flip_y" in views, scales=scales)
    except ValueError:
        raise OptionsError(f"--tta {' '.join(views)}: give flip, flip_y, and sizes between 0 and 1") from None


def _check_numbers(args: argparse.Namespace) -> None:
    for name in ("every", "max_frames", "max_detections", "batch_size"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise OptionsError(f"--{name.replace('_', '-')} {value}: give 1 or more")
    sizes = args.tile or []
    if min(sizes, default=0) < 0 or (0 in sizes and len(sizes) > 1):
        raise OptionsError(f"--tile {' '.join(map(str, sizes))}: give 1 or more for each size, or none")
    for name, lowest, highest in (("score", 0, 1), ("overlap", 0, 0.9), ("tolerance", 0, 100)):
        value = getattr(args, name)
        if not (math.isfinite(value) and lowest <= value <= highest):
            raise OptionsError(f"--{name} {value}: give a number from {lowest} to {highest}")
