"""Ground truths, batches and predictions of an image or a few, as the evaluator takes them."""

import numpy as np
from pycocotools import mask as reference_rle

SIDE = 28
NAMES = ("cat", "dog", "bird")
HEIGHT, WIDTH = 180, 240


def rectangle(box, height=HEIGHT, width=WIDTH):
    mask = np.zeros((height, width), np.uint8)
    mask[box[1] : box[3], box[0] : box[2]] = 1
    return mask


def annotation(image_id, category_id, mask, crowd=0):
    rle = reference_rle.encode(np.asfortranarray(mask))
    bbox = [float(value) for value in reference_rle.toBbox(rle)]
    rle["counts"] = rle["counts"].decode()
    area = float(mask.sum())
    return {
        "image_id": image_id, "category_id": category_id, "segmentation": rle, "bbox": bbox, "area": area,
        "iscrowd": crowd,
    }  # fmt: skip


def coco_dict(annotations, images=(1,), names=NAMES):
    return {
        "images": [{"id": i, "height": HEIGHT, "width": WIDTH} for i in images],
        "categories": [{"id": i, "name": name} for i, name in enumerate(names, start=1)],
        "annotations": [{**one, "id": i} for i, one in enumerate(annotations)],
    }


def batch(images=(1,), scale=(1.0, 1.0), valid=None):
    size = len(images)
    return {
        "image_id": np.array(images, np.int64),
        "original_size": np.tile(np.array([HEIGHT, WIDTH], np.int32), (size, 1)),
        "image_size": np.tile(np.array([HEIGHT / scale[1], WIDTH / scale[0]], np.int32), (size, 1)),
        "valid": np.ones(size, bool) if valid is None else np.array(valid),
    }


def predictions(boxes, classes, scores, masks=None):
    count = len(boxes)
    return {
        "boxes": np.array(boxes, np.float32).reshape(1, count, 4),
        "classes": np.array(classes, np.int32).reshape(1, count),
        "scores": np.array(scores, np.float32).reshape(1, count),
        "masks": np.ones((1, count, SIDE, SIDE), np.float32) if masks is None else np.array(masks, np.float32)[None],
    }
