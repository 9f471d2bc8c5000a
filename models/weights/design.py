"""Published networks of torchvision: what a file of each holds, and whose classes its heads have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from models.weights import coco, voc

PARTS = ("backbone.fpn.", "rpn.", "roi_heads.", "classifier.", "aux_classifier.")
"""What networks of torchvision have besides their backbone: prefixes of their names. A name that still starts so when
`torchvision_arrays` is done belongs to a network of another design, as `maskrcnn_resnet50_fpn_v2`."""


class Head(NamedTuple):
    """A last layer with rows of classes.

    Attributes:
        layer: its path.
        width: numbers for a class.
        background: whether it has a row of the background, the first.
        optional: whether a file may lack it; its rows are then as the network has them.
    """

    layer: str
    width: int = 1
    background: bool = True
    optional: bool = False

    @property
    def paths(self) -> tuple[str, str]:
        """Of its arrays."""
        return f"{self.layer}/kernel", f"{self.layer}/bias"


@dataclass(frozen=True)
class Design:
    """A kind of network.

    Attributes:
        title: its name.
        published_as: torchvision's name of it.
        parts: what it has besides the backbone: beginnings of our paths.
        sign: the path of an array that every file of it holds.
        data: the name of what it was trained on, for messages.
        classes: that data's classes: name → number of the row, where the background has row 0.
        rows: how many rows the heads have, the background's too.
        heads: its last layers.
    """

    title: str
    published_as: str
    parts: tuple[str, ...]
    sign: str
    data: str
    classes: Mapping[str, int]
    rows: int
    heads: tuple[Head, ...]

    @property
    def head_paths(self) -> tuple[str, ...]:
        """Paths of the arrays that have rows of classes."""
        return tuple(path for head in self.heads for path in head.paths)


MASK_RCNN = Design(
    title="Mask R-CNN",
    published_as="maskrcnn_resnet50_fpn",
    parts=("fpn/", "rpn_head/", "box_head/", "mask_head/"),
    sign="rpn_head/conv/kernel",
    data="COCO",
    classes=coco.COCO_CLASSES,
    rows=coco.ROWS,
    heads=(Head("box_head/logits"), Head("box_head/deltas", width=4), Head("mask_head/logits", background=False)),
)

DEEPLAB_V3 = Design(
    title="DeepLabV3",
    published_as="deeplabv3_resnet50, deeplabv3_resnet101 and deeplabv3_mobilenet_v3_large",
    parts=("aspp/", "decoder/", "head/", "aux_head/"),
    sign="aspp/branch1/conv/kernel",
    data="VOC",
    classes=voc.VOC_CLASSES,
    rows=voc.ROWS,
    heads=(Head("head/logits"), Head("aux_head/logits", optional=True)),
)

OWN_PARTS = tuple(dict.fromkeys((*MASK_RCNN.parts, *DEEPLAB_V3.parts)))
"""What our networks have besides a backbone: beginnings of our paths."""
