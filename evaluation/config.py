"""The config sections of the evaluators. Imports neither Keras nor OpenCV."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from utils.config.section import Section

_Side = Annotated[int, Field(ge=1)]


class ViewsConfig(Section):
    """Several views of each image for `evaluate_main`, whose predictions are merged or averaged as `--tile` and `--tta`
    of `predict_main` do. The validations and the final metrics of a training have one view."""

    flip: bool = False
    """Also with left and right exchanged."""

    flip_y: bool = False
    """Also with top and bottom exchanged."""

    scales: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = ()
    """Also at these sizes, as parts of the size that just fits into the network's input; for larger ones take tiles,
    see `tile_size`."""

    tiles: bool = False
    """Images larger than a tile are cut into overlapping tiles (sliding window)."""

    tile_size: _Side | Annotated[tuple[_Side, ...], Field(min_length=1)] | None = None
    """Side of a tile in pixels of the image, or several: each tile is resized to the network's input, so smaller ones
    are enlarged. With an input of 512, [512, 410, 341, 293] are the scales 1, 1.25, 1.5 and 1.75. Null: the size of the
    network's input."""

    overlap: float = Field(default=0.2, ge=0, le=0.9)
    """Of neighboring tiles, at least, as a part of their size."""

    whole: bool = True
    """Whether the whole image is predicted besides its tiles."""


class CocoConfig(Section):
    """Average precision and recall of boxes and masks as the COCO challenge defines them."""

    name: str = "coco"
    """Name in the table of evaluators, or a dotted path `package.module:Class`."""

    fast: bool = True
    """True: faster-coco-eval. False: pycocotools, several times slower, with the same numbers."""

    per_class: bool = True
    """Give the AP of every class as well, as `box/AP/<class>` and `mask/AP/<class>`."""

    boundary: bool = False
    """Give the boundary AP of the masks as well (Cheng et al. 2021), as `boundary/AP` and so on. It takes longer than
    both others; `evaluate_main` gives it in any case."""

    max_detections: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1)] = (1, 10, 100)
    """How many of the best detections of an image and class count, ascending: one AR each; AP uses the last."""

    mask_threshold: float = Field(default=0.5, ge=0.0, le=1.0)
    """A pixel belongs to the object where the pasted mask's probability is above this."""

    views: ViewsConfig | None = None
    """Several views of each image for `evaluate_main`; null: one."""

    @field_validator("max_detections")
    @classmethod
    def _ascending(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if list(value) != sorted(set(value)):
            raise ValueError(
                f"max_detections is {list(value)}: give distinct numbers in ascending order, as [1, 10, 100]"
            )
        return value


class MeanIoUConfig(Section):
    """Mean intersection over union and its kin, of the labels of all pixels at the size of the files' images."""

    name: str = "mean_iou"
    """Name in the table of evaluators, or a dotted path `package.module:Class`."""

    background: bool | None = None
    """Whether the background counts as a class in the means and has metrics of its own. Null: where the data have it;
    in Cityscapes, for example, every pixel is of a class or ignored. What is predicted as background is wrong in any
    case."""

    resize: Literal["probabilities", "labels"] = "probabilities"
    """What of the network's output is resized to the file's size: the probabilities, bilinear, the highest of which is
    then taken, or the labels, to the nearest. Probabilities give smoother outlines and take 4 bytes for each pixel and
    class. Predictions of a run are made as it was evaluated."""

    per_class: bool = True
    """Give the metrics of every class as well, as `IoU/<class>`, `accuracy/<class>` and so on."""

    views: ViewsConfig | None = None
    """Several views of each image for `evaluate_main` (sliding window, flips and scales); null: one."""

    boundary: bool = True
    """Give the boundary IoU as well (Cheng et al. 2021), as `boundary_mIoU` and `boundary_IoU/<class>`."""
