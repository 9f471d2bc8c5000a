"""What an inspection found: each kind once, with how often, examples and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
"""error: training would fail or its results would lie; warning: results would suffer; note: good to know."""

MOST_EXAMPLES = 24


@dataclass(frozen=True)
class Place:
    """An image: its split, its position in it, and the positions of the objects that are meant."""

    split: str
    image: int
    objects: tuple[int, ...] = ()


@dataclass(frozen=True)
class Example:
    """One of the cases, in words; `places` is where to look at it, empty for what could not be read."""

    text: str
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One kind of what was found.

    Attributes:
        kind: a few words, the same for all data sets.
        severity: how bad it is.
        count: how many cases.
        message: what was found, a sentence.
        advice: what to do, a sentence.
        examples: at most `MOST_EXAMPLES` of the cases.
    """

    kind: str
    severity: Severity
    count: int
    message: str
    advice: str
    examples: tuple[Example, ...] = ()


def first(examples: Sequence[Example]) -> tuple[Example, ...]:
    """At most `MOST_EXAMPLES`, spread evenly."""
    step = max(1, -(-len(examples) // MOST_EXAMPLES))
    return tuple(examples[::step])


def plural(count: int, word: str, words: str | None = None) -> str:
    """1 → "1 image", 1234 → "1,234 images"."""
    return f"{count:,} {word if count == 1 else words or word + 's'}"


def article(word: str) -> str:
    """ "object" → "an object", "pixel" → "a pixel"."""
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names with commas, the first of many."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
