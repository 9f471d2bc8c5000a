"""The section `model.pretrained`: a whole pretrained network. It imports no Keras."""

import difflib

from pydantic import field_validator

from models.weights.coco import COCO_CLASSES
from models.weights.sources import ARRAY_SUFFIXES, COCO, has_known_suffix
from utils.config.section import Section


class PretrainedConfig(Section):
    """Which whole network a new run is initialized from, and what it knows already of the run's classes."""

    weights: str = "coco"
    """`"coco"` (torchvision's `maskrcnn_resnet50_fpn`, downloaded once, kept in Keras' cache), or the path or address
    of a `.pth`, `.safetensors` or `.npz` file with torchvision's names."""

    required: bool = False
    """If the weights cannot be downloaded: true makes that an error, false warns and is initialized from
    `model.backbone.weights`."""

    classes: dict[str, str] | None = None
    """Class of the data → the COCO class whose rows of the heads it takes, `{"cat": "cat", "dog": "dog"}`; one that is
    not named is randomly initialized. Null: the last layers of the heads are randomly initialized."""

    @field_validator("weights")
    @classmethod
    def _loadable(cls, weights: str) -> str:
        if weights in COCO or has_known_suffix(weights, ARRAY_SUFFIXES):
            return weights
        names = " or ".join(f'"{name}"' for name in COCO)
        raise ValueError(
            f'received "{weights}"; write {names}, or the path or http(s) address of a file that ends with '
            f"{' or '.join(ARRAY_SUFFIXES)}"
        )

    @field_validator("classes")
    @classmethod
    def _in_coco(cls, classes: dict[str, str] | None) -> dict[str, str] | None:
        for own, theirs in (classes or {}).items():
            if theirs not in COCO_CLASSES:
                raise ValueError(f'received "{theirs}" for "{own}", which is no class of COCO; {nearest_names(theirs)}')
        return classes


def nearest_names(name: str, names: tuple[str, ...] = tuple(COCO_CLASSES)) -> str:
    """The names that look most like `name`, or else all of them, for the message of an error."""
    near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    near += [other for other in names if other not in near and name and name.lower() in other]
    return f"the nearest are {', '.join(near)}" if near else f"there are {', '.join(names)}"
