"""A COCO result list, from whatever program, checked and completed for evaluation."""

import json
import math
from collections.abc import Collection, Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from base import rle
from data_loader.coco.segmentation import to_rle
from utils.errors import UserError

_NAMED = 5
"""Faults that a message lists."""


def read_result_file(path: Path) -> list[Any]:
    """The list in a COCO result file, as it is; `complete_results` checks it.

    Raises:
        UserError: the file is missing or holds no JSON list.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is no whole JSON file ({error}).") from None
    if not isinstance(content, list):
        raise UserError(
            f"{path} holds no list: a COCO result file is a list of objects with image_id, category_id, score, bbox "
            "or segmentation. For annotations with `images` and `categories` take --annotations."
        )
    return content


def complete_results(results: Sequence[Any], ground_truth: Mapping[str, Any], source: str) -> list[dict[str, Any]]:
    """The results with all that an evaluation reads, as `CocoEvaluator` collects them itself.

    Masks become compressed RLE. A result without `bbox` gets its mask's box. Where no result has a mask, all are boxes.

    Args:
        results: objects with `image_id`, `category_id`, `score` and `bbox` xywh or `segmentation`.
        ground_truth: COCO dict.
        source: what messages call the list.

    Raises:
        UserError: some result is of an unknown image or category, has no finite score or box, or a broken mask; or only
            some have a mask. Names the first ones.
    """
    sizes = {int(image["id"]): (int(image["height"]), int(image["width"])) for image in ground_truth["images"]}
    categories = {int(category["id"]) for category in ground_truth["categories"]}
    found, faults = [], []
    for position, result in enumerate(results):
        try:
            found.append(_completed(result, sizes, categories))
        except ValueError as error:
            faults.append(f"result {position}: {error}")
    masks = sum("segmentation" in result for result in found)
    if not faults and 0 < masks < len(found):
        faults.append(f"{masks} of {len(found)} results have a mask: give all of them one, or none")
    refuse_faults(faults, source)
    return found


def refuse_faults(faults: Sequence[str], source: str) -> None:
    """Raises a UserError that names the first faults of a result list, where there are any."""
    if faults:
        more = f"\n  and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
        raise UserError(f"{source} cannot be evaluated:\n  " + "\n  ".join(faults[:_NAMED]) + more)


def ids_of(result: Any, images: Container[int], categories: Collection[int]) -> tuple[int, int]:
    """The `image_id` and `category_id` of a result.

    Raises:
        ValueError: it is no object, or one of them is not in the ground truth.
    """
    if not isinstance(result, Mapping):
        raise ValueError(f"it is no object but {type(result).__name__}")
    image_id, category_id = result.get("image_id"), result.get("category_id")
    if type(image_id) is not int or image_id not in images:
        raise ValueError(f"image_id {image_id!r} is not in the ground truth: is it of another split?")
    if type(category_id) is not int or category_id not in categories:
        raise ValueError(f"category_id {category_id!r} is not among the ground truth's: {_some(sorted(categories))}")
    return image_id, category_id


def _completed(result: Any, sizes: Mapping[int, tuple[int, int]], categories: set[int]) -> dict[str, Any]:
    image_id, category_id = ids_of(result, sizes, categories)
    one = {"image_id": image_id, "category_id": category_id, "score": _number(result.get("score"), "score")}
    if "segmentation" in result:
        mask = to_rle(result["segmentation"], *sizes[image_id])
        one |= {"segmentation": mask, "area": float(rle.area(mask))}
    elif "bbox" not in result:
        raise ValueError("it has neither bbox nor segmentation")
    return one | {"bbox": _box(result["bbox"]) if "bbox" in result else rle.xywh(one["segmentation"])}


def _box(given: Any) -> list[float]:
    if not isinstance(given, Sequence) or len(given) != 4:
        raise ValueError(f"bbox {str(given)[:60]} is not x, y, width, height")
    x, y, width, height = (_number(value, "bbox") for value in given)
    if width < 0 or height < 0:
        raise ValueError(f"bbox {list(given)} has a negative size")
    return [x, y, width, height]


def _number(value: Any, name: str) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"{name} {str(value)[:40]} is no finite number")
    return float(value)


def _some(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:10])) + (", …" if len(numbers) > 10 else "")
