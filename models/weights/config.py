"""The section `model.pretrained`: a whole pretrained network. It imports no Keras."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import field_validator

from models.weights.design import DEEPLAB_V3, MASK_RCNN, Design
from models.weights.sources import ARRAY_SUFFIXES, COCO, COCO_VOC, Pretrained, has_known_suffix, torchvision
from utils.config.section import Section


class PretrainedConfig(Section):
    """Which whole network a new run is initialized from, and what it knows already of the run's classes."""

    design: ClassVar[Design] = MASK_RCNN
    names: ClassVar[tuple[str, ...]] = tuple(COCO)
    """Names of published weights."""

    weights: str = "coco"
    """`"coco"` (torchvision's `maskrcnn_resnet50_fpn`, downloaded once, kept in Keras' cache), or the path or address
    of a `.pth`, `.safetensors` or `.npz` file with torchvision's names."""

    required: bool = False
    """If the weights cannot be downloaded: true makes that an error, false warns and is initialized from
    `model.backbone.weights`."""

    classes: dict[str, str] | None = None
    """Class of the data → the COCO class whose rows of the heads it takes, `{"cat": "cat", "dog": "dog"}`; one that is
    not named is randomly initialized. Null: the last layers of the heads are randomly initialized."""

    def source(self, backbone: str) -> str | Pretrained:
        """What is published for a backbone under the name in `weights`, or the path or address there."""
        published = COCO.get(self.weights)
        return torchvision(published) if published else self.weights

    @field_validator("weights")
    @classmethod
    def _loadable(cls, weights: str) -> str:
        if weights in cls.names or has_known_suffix(weights, ARRAY_SUFFIXES):
            return weights
        names = " or ".join(f'"{name}"' for name in cls.names)
        raise ValueError(
            f'received "{weights}"; write {names}, or the path or http(s) address of a file that ends with '
            f"{' or '.join(ARRAY_SUFFIXES)}"
        )

    @field_validator("classes")
    @classmethod
    def _published(cls, classes: dict[str, str] | None) -> dict[str, str] | None:
        known = cls.design.classes
        for own, theirs in (classes or {}).items():
            if theirs not in known:
                raise ValueError(
                    f'received "{theirs}" for "{own}", which is no class of {cls.design.data}; '
                    f"{nearest_names(theirs, tuple(known))}"
                )
        return classes


class VocPretrainedConfig(PretrainedConfig):
    """Which whole DeepLabV3 a new run is initialized from, and what it knows already of the run's classes."""

    design: ClassVar[Design] = DEEPLAB_V3
    names: ClassVar[tuple[str, ...]] = ("coco_voc",)

    weights: str = "coco_voc"
    """`"coco_voc"` (torchvision's DeepLabV3 of this backbone, trained on the images of COCO with the classes of PASCAL
    VOC, downloaded once, kept in Keras' cache), or the path or address of a `.pth`, `.safetensors` or `.npz` file with
    torchvision's names. The published ones were trained with `aspp.rates` `[12, 24, 36]`, on ResNets with an
    `output_stride` of 8, on MobileNetV3 of 16."""

    classes: dict[str, str] | None = None
    """Class of the data → the VOC class whose rows of the heads it takes, `{"cat": "cat", "dog": "dog"}`; one that is
    not named is randomly initialized. Null: the last layers of the heads are randomly initialized."""

    def source(self, backbone: str) -> str | Pretrained:
        """What is published for a backbone under the name in `weights`, or the path or address there."""
        return torchvision(COCO_VOC[backbone]) if self.weights in self.names else self.weights

    def check_backbone(self, backbone: str) -> None:
        """Raises ValueError if nothing is published for a backbone under the name in `weights`."""
        if self.weights in self.names and backbone not in COCO_VOC:
            raise ValueError(
                f'pretrained.weights is "{self.weights}", which is published for the backbones {", ".join(COCO_VOC)}, '
                f"not for {backbone}; choose one of them, or give the path of a file"
            )


def check_one_beginning(init_from: Path | None, pretrained: PretrainedConfig | None) -> None:
    """Raises ValueError if a run is to be initialized both from a checkpoint and from a published network."""
    if pretrained and init_from:
        raise ValueError(
            f'received init_from "{init_from}" and pretrained "{pretrained.weights}"; a run '
            "is initialized from one of them: leave the other out"
        )


def nearest_names(name: str, names: Sequence[str]) -> str:
    """The names that look most like `name`, or else all of them, for the message of an error."""
    near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    near += [other for other in names if other not in near and name and name.lower() in other]
    return f"the nearest are {', '.join(near)}" if near else f"there are {', '.join(names)}"
