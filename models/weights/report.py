"""What a network is initialized from."""

from dataclasses import dataclass, field
from pathlib import Path

from base.variables import LoadReport


@dataclass(frozen=True)
class WeightsReport:
    """What a network, or its backbone, is initialized from.

    Attributes:
        source: the file that was loaded; None for random weights.
        loaded: what became of each array.
        fell_back: the weights that the config names were unavailable.
        kept: classes whose rows of the heads were kept; empty for a backbone.
        new: classes whose rows of the heads are randomly initialized; empty for a backbone.
    """

    source: Path | None = None
    loaded: LoadReport = field(default_factory=LoadReport)
    fell_back: bool = False
    kept: tuple[str, ...] = ()
    new: tuple[str, ...] = ()

    @property
    def arrays(self) -> int:
        """How many of the network's arrays the file filled."""
        return len(self.loaded.loaded)

    def __str__(self) -> str:
        if self.source is None:
            return "random weights: ImageNet's were unavailable" if self.fell_back else "random weights"
        expected = self.arrays + len(self.loaded.reshaped) + len(self.loaded.missing)
        share = "all" if self.arrays == expected else f"{self.arrays} of"
        classes = (("rows kept for", self.kept), ("new rows for", self.new))
        heads = "".join(f"; {words} {', '.join(names)}" for words, names in classes if names)
        return f"{share} {expected} weights from {self.source}{heads}"
