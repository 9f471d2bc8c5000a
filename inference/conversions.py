"""Detections in the forms that others take: COCO's results, supervision, pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from utils.errors import UserError

if TYPE_CHECKING:
    from inference.detections import Detections


def to_coco(found: Detections, image_id: int) -> list[dict[str, Any]]:
    """COCO's result format: what `json.dump` writes and `loadRes` of pycocotools takes.

    Each has `image_id`, `category_id` (the data set's own), `bbox` xywh in pixels of the image (to 0.01),
    `segmentation`, a compressed RLE with its counts as a string, and `score` (to 1e-6).
    """
    return [
        {
            "image_id": image_id,
            "category_id": found.category_ids[int(label) - 1],
            "bbox": _xywh(box),
            "segmentation": mask,
            "score": round(float(score), 6),
        }
        for box, score, label, mask in zip(found.boxes, found.scores, found.classes, found.masks, strict=True)
    ]


def to_supervision(found: Detections) -> Any:
    """A `supervision.Detections`: `class_id` counts from 0 in the order of `names`, `data` has names and category ids.

    Its masks are whole images of booleans: N times the pixels of the image in bytes.

    Raises:
        UserError: the package supervision is not installed.
    """
    try:
        import supervision  # noqa: PLC0415  # pyright: ignore[reportMissingImports] - an extra
    except ImportError as error:
        raise UserError('supervision is not installed: pip install "supervision>=0.27,<1"') from error
    return supervision.Detections(
        xyxy=found.boxes.astype(np.float32),
        mask=found.pixels().astype(bool),
        confidence=found.scores.astype(np.float32),
        class_id=found.classes.astype(int) - 1,
        data={
            "class_name": np.array(found.class_names, dtype=str),
            "category_id": np.array([found.category_ids[int(label) - 1] for label in found.classes], int),
        },
    )


def to_pandas(found: Detections) -> Any:
    """A `pandas.DataFrame`: `class`, `category_id`, `score`, the box (`x`, `y`, `width`, `height`), the mask's `area`.

    Raises:
        UserError: the package pandas is not installed.
    """
    try:
        import pandas  # noqa: PLC0415  # pyright: ignore[reportMissingImports] - an extra
    except ImportError as error:
        raise UserError('pandas is not installed: pip install "pandas>=2.2,<4"') from error
    boxes = np.array([_xywh(box) for box in found.boxes], float).reshape(-1, 4)
    return pandas.DataFrame(
        {
            "class": found.class_names,
            "category_id": np.array([found.category_ids[int(label) - 1] for label in found.classes], int),
            "score": found.scores,
            **dict(zip(("x", "y", "width", "height"), boxes.T, strict=True)),
            "area": found.areas,
        }
    )


def _xywh(box: np.ndarray) -> list[float]:
    left, top, right, bottom = (float(corner) for corner in box)
    return [round(value, 2) for value in (left, top, right - left, bottom - top)]
