"""Labels of images as a list in the result format of COCO's stuff segmentation, from whatever program, checked."""

from collections.abc import Sequence
from typing import Any

from base.labels import LabelTruth
from data_loader.coco.segmentation import to_rle
from evaluation.results import ids_of, refuse_faults

LabelResult = dict[str, Any]
"""`image_id`, `category_id` and `segmentation`, the pixels of one label as RLE."""


def read_label_results(results: Sequence[Any], truth: LabelTruth, source: str) -> dict[int, list[LabelResult]]:
    """Image id → its results, for every image of the ground truth; masks become compressed RLE.

    Args:
        results: objects with `image_id`, `category_id` and `segmentation`.
        truth: of the split.
        source: what messages call the list.

    Raises:
        UserError: some result is of an unknown image or category, or its mask is broken or of another size. Names the
            first ones.
    """
    found: dict[int, list[LabelResult]] = {image_id: [] for image_id in truth.image_ids}
    sizes: dict[int, tuple[int, ...]] = {}
    faults = []
    for position, result in enumerate(results):
        try:
            image_id, category_id = ids_of(result, found, truth.category_ids)
            if image_id not in sizes:
                sizes[image_id] = truth.labels(image_id).shape
            mask = to_rle(result.get("segmentation"), *sizes[image_id])
        except ValueError as error:
            faults.append(f"result {position}: {error}")
        else:
            found[image_id].append({"image_id": image_id, "category_id": category_id, "segmentation": mask})
    refuse_faults(faults, source)
    return found
