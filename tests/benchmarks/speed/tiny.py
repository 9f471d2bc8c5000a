"""What the tests of the speed share: a tiny config in a file, and figures as a benchmark finds them."""

import json

from benchmarks.speed.yardstick import NAME
from tests.models.mask_rcnn.dummy_batches import tiny_config


def tiny_file(folder, **data):
    """Path of a config of a tiny Mask R-CNN for images of 64 pixels, two in a batch; `data` changes that section."""
    config = {
        "exp": {"name": "tiny", "root": str(folder)},
        "data": {
            "name": "pets", "classes": "species", "image_size": [64, 64], "max_objects": 4, "batch_size": 2, **data
        },
        "model": {"name": "mask_rcnn", **tiny_config().model_dump(mode="json")},
        "trainer": {"name": "supervised"},
        "evaluator": {"name": "coco"},
    }  # fmt: skip
    path = folder / "tiny.json"
    path.write_text(json.dumps(config))
    return str(path)


def figures():
    """What `measure.measure` gives together with `first_step`: with numbers as large as a slow machine's."""

    def whole(seconds):
        times = {"images_per_second": 1 / seconds, "seconds_per_image": seconds}
        return {**times, "p50_ms": 1000 * seconds, "p95_ms": 1250 * seconds, "first_call_s": 123.45}

    compared = {"model": whole(25.5), "yardstick": whole(2.5), "ratio": 10.2}
    return {
        "rounds": 7,
        "yardstick": NAME,
        "training": compared,
        "inference": compared,
        "inference, batch": compared,
        "parts": {"backbone": 1234.5, "RoIAlign, boxes": 65.5, "pasting": 0.25},
        "detections": 100.0,
        "positives": 12.5,
        "first_step": {"seconds": 18.25, "peak_mb": 2345.6},
    }
