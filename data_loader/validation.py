"""The account of a data set's broken parts."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from data_loader.errors import DataError

_LOGGER = logging.getLogger("maskeras")
_SHOWN = 10


@dataclass(frozen=True)
class BadItem:
    """A file, or a line of a list, that was left out.

    Attributes:
        where: the file's name, with the line's number for a list.
        kind: a few words, the same for all of the kind: what is counted.
        reason: what was found.
    """

    where: str
    kind: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.kind}: {self.reason}"


class UnusableError(DataError):
    """Why an image or annotation is left out, and a few words for its kind, as `BadItem` has them."""

    def __init__(self, kind: str, reason: str):
        super().__init__(reason)
        self.kind = kind


@dataclass(frozen=True)
class Broken:
    """What reading a data set left out.

    Attributes:
        what: what is counted, `"images"` or `"annotations"`.
        items: those that were left out.
        total: how many are listed, the broken ones included.
    """

    what: str
    items: Sequence[BadItem]
    total: int

    @property
    def summary(self) -> str:
        """How many of how many, and of which kinds."""
        kinds = Counter(item.kind for item in self.items).most_common()
        counts = ", ".join(f"{number} × {kind}" for kind, number in kinds)
        return f"{len(self.items):,} of {self.total:,} {self.what} are broken and left out ({counts})"


def report_bad(bad: Sequence[BadItem], total: int, max_bad_fraction: float, what: str = "images") -> None:
    """Logs what was left out, by name and reason, and counts it.

    Args:
        bad: what was left out.
        total: how many are listed, the bad ones included.
        max_bad_fraction: the largest part that may be bad.
        what: what is counted.

    Raises:
        DataError: more than `max_bad_fraction` is bad.
    """
    if not bad:
        return
    head = Broken(what, bad, total).summary
    lines = [f"  {item}" for item in bad[:_SHOWN]]
    if len(bad) > _SHOWN:
        lines.append(f"  … and {len(bad) - _SHOWN} more")
    if len(bad) > max_bad_fraction * total:
        advice = (
            f"That is more than data.max_bad_fraction = {max_bad_fraction} allows: repair the files, take their lines "
            "out of the list, or raise data.max_bad_fraction."
        )
        raise DataError("\n".join([f"{head}:", *lines, advice]))
    _LOGGER.warning("\n".join([f"{head}:", *lines]))
