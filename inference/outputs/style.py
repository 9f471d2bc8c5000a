"""How results look to people."""

from dataclasses import dataclass
from typing import Any, Literal

from inference.palettes import PaletteName


@dataclass(frozen=True)
class Style:
    """Options of the outputs.

    Attributes:
        color: one color for each `"instance"` or for each `"class"`; None leaves it to the number of classes.
        gray: whether all but the objects is gray.
        boxes, labels, scores: whether boxes, names of classes and scores are drawn.
        image_format: of overlays: `"jpg"` is smaller, `"png"` exact.
        video_format: `"mp4"` (MPEG-4), `"webm"` (VP8, which browsers play) or `"avi"` (Motion JPEG).
        palette: colors of labels, see `inference.palettes.label_palette`.
        tolerance: pixels by which the polygons for labeling tools may leave the mask; 0 keeps every corner.
    """

    color: Literal["instance", "class"] | None = None
    gray: bool = False
    boxes: bool = True
    labels: bool = True
    scores: bool = True
    image_format: Literal["jpg", "png"] = "jpg"
    video_format: Literal["mp4", "webm", "avi"] = "mp4"
    tolerance: float = 0.0
    palette: PaletteName = "distinct"

    def look(self) -> dict[str, Any]:
        """What `Detections.draw` takes, and `LabelMap.draw` besides the palette."""
        return {key: getattr(self, key) for key in ("color", "gray", "boxes", "labels", "scores")}
