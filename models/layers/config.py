"""The config sections of the layers. They import no Keras."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from utils.config.section import Section


class FPNConfig(Section):
    """The feature pyramid on top of a backbone."""

    channels: int = Field(default=256, ge=1)
    """Channels of every level of the pyramid."""

    min_level: int = Field(default=2, ge=2, le=5)
    """The finest level; level n has stride 2^n."""

    max_level: int = Field(default=5, ge=2, le=5)
    """The coarsest level that comes from the backbone."""

    extra_level: bool = True
    """One level more on top, every second cell of the coarsest (P6): it carries the largest anchors."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_level > self.max_level:
            raise ValueError(f"received min_level {self.min_level} above max_level {self.max_level}; swap them")
        return self

    @property
    def levels(self) -> tuple[int, ...]:
        """All levels, the finest first; level n has stride 2^n."""
        return tuple(range(self.min_level, self.max_level + 1 + int(self.extra_level)))


class ASPPConfig(Section):
    """Atrous spatial pyramid pooling: what a cell sees near, far, and in the whole image."""

    channels: int = Field(default=256, ge=1)
    """Channels of each branch and of the result."""

    rates: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    """Dilation of each 3×3 branch, in cells; null: 12, 24, 36 at an output stride of 8, half of it at 16."""

    separable: bool = False
    """Whether the 3×3 branches are depthwise separable: fewer multiply-adds (DeepLabV3+)."""

    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of the result's numbers that a training step leaves out."""

    def rates_at(self, output_stride: int) -> tuple[int, ...]:
        """The rates for features of that stride: the same distances in pixels unless they are given."""
        return tuple(rate * 8 // output_stride for rate in (12, 24, 36)) if self.rates is None else self.rates
