"""The config sections of the layers. They import no Keras."""

from typing import Self

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
