"""The config section of a backbone. It imports no Keras."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from models.backbones.table import BACKBONES, WITH_WIDTH
from models.weights.sources import SUFFIXES, has_known_suffix
from utils.config.section import Section
from utils.registry import nearest

PUBLISHED = ("imagenet", "imagenet_v2")
"""Names of weights; not every backbone has both."""


class BackboneConfig(Section):
    """Which network turns an image into features, what it starts from and how much of it learns."""

    name: str = "mobilenet_v2"
    """A backbone of `models/backbones/table.py`, or the dotted path `package.module:function` of your own."""

    weights: str | None = "imagenet"
    """`"imagenet"` (downloaded once, kept in Keras' cache), `"imagenet_v2"` (torchvision's later files of its ResNets,
    ResNeXts and MobileNetV3), the path or address of a `.pth`, `.safetensors`, `.npz`, `.h5` or `.weights.h5` file, or
    null for random weights, of which nothing is frozen."""

    required: bool = False
    """If the weights cannot be downloaded: true makes that an error, false warns and trains from scratch."""

    frozen_stages: int = Field(default=0, ge=0, le=5)
    """0 freezes nothing; n freezes the stem and every stage up to C_n, so 1 is the stem alone, 5 the whole backbone."""

    gradient_checkpointing: int = Field(default=0, ge=0, le=5)
    """Gradient checkpointing (rematerialization): a training step keeps nothing inside the stem and every stage up
    to C_n, and recomputes it in the backward pass: less memory, more time. Counted as `frozen_stages`, for which it
    is not needed. On TensorFlow `trainer.jit_compile` may undo it: XLA merges what is computed twice."""

    batch_norm: Literal["frozen", "trainable"] = "frozen"
    """`"frozen"`: batch norm keeps its statistics, scale and shift; `"trainable"`: it follows the batches."""

    batch_norm_momentum: float = Field(default=0.95, ge=0, lt=1)
    """How slowly trained batch norm statistics follow the batches; the networks' own 0.99 or 0.999 need long runs."""

    alpha: float = Field(default=1.0, gt=0, le=2)
    """Width multiplier of the MobileNets; other backbones have none."""

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name in BACKBONES or ":" in name:
            return name
        near = nearest(name, BACKBONES)
        hint = f'did you mean "{near}"? ' if near else ""
        raise ValueError(
            f'received "{name}", which is no backbone; {hint}choices: {", ".join(sorted(BACKBONES))}; '
            "or a dotted path package.module:function"
        )

    @field_validator("weights")
    @classmethod
    def _loadable(cls, weights: str | None) -> str | None:
        if weights is None or weights in PUBLISHED or has_known_suffix(weights):
            return weights
        raise ValueError(
            f'received "{weights}"; write "imagenet", "imagenet_v2", null, or the path or http(s) address of a file '
            f"that ends with {' or '.join(SUFFIXES)}"
        )

    @model_validator(mode="after")
    def _width(self) -> Self:
        if self.alpha != 1.0 and self.name in BACKBONES and self.name not in WITH_WIDTH:
            raise ValueError(
                f"received alpha {self.alpha}, but {self.name} has no width multiplier; leave alpha at 1 "
                f"or choose {', '.join(sorted(WITH_WIDTH))}"
            )
        return self
