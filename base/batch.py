"""The batch contract: what a data set yields, what a model takes and what an evaluator is given.

Alphabet: `B` images, `H, W` the fixed size of the network's input, `G` padded ground truths, `D` padded detections,
`K` classes, `M` the side of a predicted mask.

A **batch** for instance segmentation is a dict of NumPy arrays whose shapes never change during a run:

| key | shape | dtype | meaning |
|---|---|---|---|
| `images` | (B, H, W, 3) | uint8 | RGB; the image is in the top left corner, the rest is 0 |
| `image_size` | (B, 2) | int32 | height and width of the image inside `images` |
| `gt_boxes` | (B, G, 4) | float32 | xyxy in pixels of `images`; 0 where padded |
| `gt_classes` | (B, G) | int32 | 1…K; 0 is padding |
| `gt_masks` | (B, G, H, W) | uint8 | 1 object, 0 not the object, 255 ignored; 0 where padded |
| `gt_crowd` | (B, G) | bool | a region of many objects: ignored, not a negative |
| `image_id` | (B,) | int64 | the id in the data set's ground truth |
| `original_size` | (B, 2) | int32 | height and width of the file's image |
| `scale_to_original` | (B, 2) | float32 | factors (x, y) from pixels of `images` to pixels of the file's image |
| `valid` | (B,) | bool | False for the empty images that fill up the last batch of an evaluation |

For semantic segmentation `labels` (B, H, W) int32 takes the place of the `gt_*` keys: 0 background, 1…K, 255 for
ignored pixels and for the padding.

A pixel's center is at +0.5: the box of a single pixel (x, y) is (x, y, x + 1, y + 1).

**Detections** are a dict as well: `boxes` (B, D, 4) xyxy in pixels of `images`, `scores` (B, D) descending, `classes`
(B, D) int32 with 0 for padding, `masks` (B, D, M, M) probabilities inside the box.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Batch = dict[str, np.ndarray]
"""Name of an array (see the table above) → the array."""

Sample = dict[str, Any]
"""One image, not yet batched: the same names without the axis B."""

Size = tuple[int, int]
"""(height, width) in pixels."""

IGNORE = 255
"""The value of a pixel in `gt_masks` and `labels` that no loss counts."""


@dataclass(frozen=True)
class DataSpec:
    """What a model has to know of the data: it is built for these shapes and classes.

    It is in every checkpoint, so a model is rebuilt without its data set.

    Attributes:
        task: name of the task in `utils.registry.TASKS`, or a dotted path.
        classes: names of the classes 1…K, in this order; the background has no name.
        image_size: (H, W) of `images`; images are resized to it by `base.letterbox`.
        limits: capacities that only this task has, such as `max_objects`, which is G.
        category_ids: the data set's own ids of the classes 1…K, which results carry; 1…K where none are given.

    Raises:
        ValueError: there are not as many ids as classes, or two classes have one id.
    """

    task: str
    classes: tuple[str, ...]
    image_size: tuple[int, int]
    limits: Mapping[str, int] = field(default_factory=dict)
    category_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        ids = category_ids_of(self.classes, self.category_ids)
        object.__setattr__(self, "category_ids", ids)

    @property
    def num_classes(self) -> int:
        """K, without the background."""
        return len(self.classes)

    def to_dict(self) -> dict[str, Any]:
        """JSON values that `from_dict` takes."""
        return {
            "task": self.task,
            "classes": list(self.classes),
            "image_size": list(self.image_size),
            "limits": dict(self.limits),
            "category_ids": list(self.category_ids),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "DataSpec":
        """The spec that gave these values; those of an older checkpoint have no `category_ids`."""
        height, width = values["image_size"]
        ids = tuple(values.get("category_ids", ()))
        return cls(values["task"], tuple(values["classes"]), (height, width), dict(values["limits"]), ids)


def category_ids_of(classes: Sequence[str], ids: Sequence[int] = ()) -> tuple[int, ...]:
    """The data set's own ids of the classes 1…K, checked; 1…K where none are given.

    Raises:
        ValueError: there are not as many ids as classes, or two classes have one id.
    """
    found = tuple(ids) or tuple(range(1, len(classes) + 1))
    if len(found) != len(classes) or len(set(found)) < len(found):
        raise ValueError(f"category_ids are {list(found)} for {len(classes)} classes: give each class an id of its own")
    return found
