"""A kind of segmentation that the template does not know: a label for every pixel."""

import numpy as np

from base.batch import IGNORE
from base.letterbox import Letterbox, letterbox, pad, resize_labels
from base.task import Task

COLORS = np.array([(30, 30, 30), (255, 90, 60), (60, 160, 255)], np.uint8)


class PixelTask(Task):
    """`labels` (B, H, W) int32: 0 background, 1…K, 255 ignored."""

    targets = frozenset({"labels"})
    monitor = "mIoU"
    curves = ("mIoU",)

    def shapes(self, spec, batch_size):
        return {
            "images": ((batch_size, *spec.image_size, 3), "uint8"),
            "image_size": ((batch_size, 2), "int32"),
            "labels": ((batch_size, *spec.image_size), "int32"),
            "image_id": ((batch_size,), "int64"),
            "original_size": ((batch_size, 2), "int32"),
            "scale_to_original": ((batch_size, 2), "float32"),
            "valid": ((batch_size,), "bool"),
        }

    def prepare(self, sample, config, rng):
        image, labels = sample["image"], sample["labels"]
        if rng is not None and rng.random() < 0.5:
            image, labels = image[:, ::-1], labels[:, ::-1]
        images, geometry = letterbox(np.ascontiguousarray(image), tuple(config.image_size))
        resized = resize_labels(np.ascontiguousarray(labels), geometry.size)
        padded = pad(resized, tuple(config.image_size), value=IGNORE).astype(np.int32)
        return {"images": images, "labels": padded, "image_id": np.int64(sample["image_id"]), **geometry.arrays()}

    def results(self, predictions, batch, spec):
        found = []
        for row in np.flatnonzero(batch["valid"]):
            geometry = Letterbox.of(batch, row)
            height, width = geometry.size
            inside = predictions["labels"][row, :height, :width].astype(np.uint8)
            found.append(resize_labels(inside, geometry.original))
        return found

    def draw(self, batch, predictions, ground_truth, spec):
        rows = np.flatnonzero(batch["valid"])
        pairs = [(predictions["labels"][row], batch["labels"][row]) for row in rows]
        return [COLORS[np.where(np.hstack(pair) == IGNORE, 0, np.hstack(pair))] for pair in pairs]

    def per_class(self, metrics):
        return {"IoU": {name[4:]: value for name, value in metrics.items() if name.startswith("IoU/")}}
