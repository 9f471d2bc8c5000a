"""What limits a trained model: `python benchmarks/oracles.py -c experiments/pets/config.json`.

Each row replaces one component of the detections by the ground truth and measures again; the gain in AP is the cost of
that component.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from base.batch import Batch, Sample
from base.loading import load_batches
from benchmarks.common import machine, prepared
from data_loader.transforms.prepare import train_sample
from utils.args import parse_args, run_main
from utils.console import setup_console
from utils.registry import EVALUATORS, resolve
from utils.run_folder import run_name

Arrays = dict[str, np.ndarray]
IOU = 0.5
"""A detection belongs to the object that it overlaps by at least this much."""


def main() -> None:
    """Evaluates the best checkpoint of the run on its test split as it is and with each part replaced."""
    setup_console()
    args = parse_args(__doc__ or "")
    config, data = prepared(args.config, args.overrides)
    from inference.predictor import Predictor  # noqa: PLC0415 - loads Keras

    predictor = Predictor.load(config.exp.root / run_name(config.exp.name, data.display_name, data.synthetic))
    batches = [(batch, predictor.outputs(batch)) for batch in _with_targets(data)]
    side = 2 * config.model.mask_head.pool_size
    rows: dict[str, Callable[[Arrays, Arrays], Arrays]] = {
        "as predicted": lambda _, found: found,
        "right class": right_class,
        "right box": right_box,
        "right mask in the predicted box": lambda batch, found: right_mask(batch, found, side),
        "no detection without an object": only_objects,
        f"the ground truth, as {side}×{side} masks at {config.data.image_size[1]} px": lambda b, f: perfect(b, f, side),
    }
    evaluator = resolve(EVALUATORS, config.evaluator.name)(config.evaluator, data.ground_truth("test"))
    print(f"{data.display_name}, test, {len(data.split('test'))} images ({machine()})")
    for name, change in rows.items():
        evaluator.reset()
        for batch, found in batches:
            evaluator.update(batch, change(batch, found))
        result = evaluator.result()
        print(f"{name:60s} mask AP {result['mask/AP']:.3f}  box AP {result['box/AP']:.3f}")


def _with_targets(data: Any) -> Iterator[Batch]:
    """The batches of an evaluation, which have no targets, with those that training would have."""
    config, source = data.config, data.split("test")

    def load(index: int) -> Sample:
        sample = train_sample(source[index], config.image_size, None, config.max_objects, np.random.default_rng(0))
        return sample | {"valid": np.bool_(True)}

    return load_batches(load, np.arange(len(source)), config.val_batch_size, config)


def right_class(batch: Arrays, found: Arrays) -> Arrays:
    """The class of the object that a detection belongs to."""
    index, hit = matched(batch, found)
    classes = np.take_along_axis(batch["gt_classes"], index, 1)
    return {**found, "classes": np.where(hit, classes, found["classes"])}


def right_box(batch: Arrays, found: Arrays) -> Arrays:
    """The box of the object; the mask is stretched along."""
    index, hit = matched(batch, found)
    boxes = np.take_along_axis(batch["gt_boxes"], index[..., None], 1)
    return {**found, "boxes": np.where(hit[..., None], boxes, found["boxes"])}


def right_mask(batch: Arrays, found: Arrays, side: int) -> Arrays:
    """The object's mask as the mask head would have to give it inside the predicted box."""
    index, hit = matched(batch, found)
    masks = crops(batch["gt_masks"], index, found["boxes"], side)
    return {**found, "masks": np.where(hit[..., None, None], masks, found["masks"])}


def only_objects(batch: Arrays, found: Arrays) -> Arrays:
    """Of each object the best detection of its class, and none where no object is."""
    index, hit = matched(batch, found)
    own = np.take_along_axis(batch["gt_classes"], index, 1) == found["classes"]
    keep = np.zeros_like(hit)
    for row, column in np.argwhere(hit & own):
        first = not (keep[row, :column] & (index[row, :column] == index[row, column])).any()
        keep[row, column] = first
    return {**found, "classes": np.where(keep, found["classes"], 0)}


def perfect(batch: Arrays, found: Arrays, side: int) -> Arrays:
    """The ground truth in the form of detections: what this size of image and mask can reach at best."""
    index = np.tile(np.arange(batch["gt_classes"].shape[1]), (len(batch["gt_classes"]), 1))
    scores = (batch["gt_classes"] > 0).astype(np.float32)
    masks = crops(batch["gt_masks"], index, batch["gt_boxes"], side)
    return {"boxes": batch["gt_boxes"], "classes": batch["gt_classes"], "scores": scores, "masks": masks}


def matched(batch: Arrays, found: Arrays) -> tuple[np.ndarray, np.ndarray]:
    """For each detection the object that it overlaps most (B, D), and whether by `IOU`."""
    one, other = found["boxes"][:, :, None], batch["gt_boxes"][:, None]
    size = np.clip(np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2]), 0, None)
    shared = size.prod(-1)
    union = _area(one) + _area(other) - shared
    iou = np.where(batch["gt_classes"][:, None] > 0, shared / np.maximum(union, 1e-6), 0.0)
    return iou.argmax(-1), (iou.max(-1) >= IOU) & (found["classes"] > 0)


def crops(masks: np.ndarray, index: np.ndarray, boxes: np.ndarray, side: int) -> np.ndarray:
    """The objects `index` (B, D) of `masks` (B, G, H, W) inside `boxes` (B, D, 4): (B, D, side, side)."""
    from models.ops.masks import crop_masks  # noqa: PLC0415 - loads Keras

    return np.asarray(crop_masks(masks, index.astype("int32"), boxes, side)[0])


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[..., 2:] - boxes[..., :2]).prod(-1)


if __name__ == "__main__":
    run_main(main)
