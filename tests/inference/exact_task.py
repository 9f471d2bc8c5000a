"""Instance segmentation without a network: each connected region of one color is an object, exact to the pixel."""

import cv2
import numpy as np

from base import rle
from base.batch import DataSpec
from base.letterbox import Letterbox
from base.runs import Crop, encode_crop
from inference.detections import Detections
from inference.steps import Steps, call_now
from tasks.instance import InstanceTask

INPUT = 64
SPEC = DataSpec("instance", ("red", "green"), (INPUT, INPUT), {"max_objects": 8}, (5, 9))


class ExactTask(InstanceTask):
    """Larger parts have higher scores; the image is not resized where it is no larger than the input."""

    def results(self, predictions, batch, spec):
        found = []
        for row in np.flatnonzero(batch["valid"]):
            geometry = Letterbox.of(batch, row)
            height, width = geometry.size
            small = predictions["images"][row][:height, :width]
            pixels = cv2.resize(small, geometry.original[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
            found.append(regions(pixels, spec))
        return found


def regions(image, spec=SPEC):
    """The `Detections` of an image of plain colors."""
    entries = []
    for label, channel in ((1, 0), (2, 1)):
        count, numbers = cv2.connectedComponents((image[..., channel] > 127).astype(np.uint8))
        entries += [(label, (numbers == number).astype(np.uint8)) for number in range(1, count)]
    entries.sort(key=lambda entry: -int(entry[1].sum()))
    masks = [rle.encode(mask) for _, mask in entries]
    boxes = np.array([rle.xywh(mask) for mask in masks], np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    scores = np.array([0.5 + rle.area(mask) / image.size for mask in masks], np.float32)
    classes = np.array([label for label, _ in entries], int)
    return Detections(image.shape[:2], spec.classes, boxes, scores, classes, tuple(masks), spec.category_ids)


def scene(height, width, *shapes):
    """An image with shapes (channel, mask)."""
    image = np.zeros((height, width, 3), np.uint8)
    for channel, mask in shapes:
        image[..., channel][mask != 0] = 255
    return image


def predicted(image, tiling=None, tta=None, batch_size=3):
    """What the steps give for an image, without threads."""
    steps = Steps(ExactTask(), SPEC, lambda batch: {"images": batch["images"]}, batch_size, tiling, tta)
    ((_, result),) = steps.run([steps.item("image", image)], call_now)
    return result.result()


def block(size, x0, y0, x1, y1):
    """The compressed mask of a rectangle."""
    return encode_crop(Crop(np.ones((y1 - y0, x1 - x0), bool), x0, y0), size)
