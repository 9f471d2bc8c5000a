"""A gallery of a page: images that a person filters by their attributes and sorts by any number."""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from reporting.markup import Markup, tag
from reporting.page_images import image_tag

Attribute = str | float | Sequence[str] | None
NONE = "(none)"
"""How a choice names the items without any value."""


@dataclass(frozen=True)
class GalleryItem:
    """One image.

    Attributes:
        image: (h, w, 3) uint8 RGB, or a PNG or JPEG file.
        caption: below it; line breaks are kept.
        attributes: name → words to choose by (`"classes": ["cat", "dog"]`) or a number to sort by and to give bounds
            for (`"score": 0.9`). None and NaN: it has no such number.
    """

    image: np.ndarray | Path | str
    caption: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


def gallery(items: Sequence[GalleryItem], filters: Sequence[str] | None = None, side: int = 480) -> Markup:
    """The element.

    Args:
        items: shown in this order at first.
        filters: the attributes to filter by, in this order; None for all.
        side: longer side in pixels of a larger image; each is decoded when it comes into view.
    """
    plain = [{key: _plain(value) for key, value in item.attributes.items()} for item in items]
    names = list(dict.fromkeys(key for attributes in plain for key in attributes))
    numbers = [name for name in names if _is_number(name, plain)]
    wanted = names if filters is None else [name for name in filters if name in names]
    controls = [_bounds(name, plain) if name in numbers else _choice(name, plain) for name in wanted]
    order = [_order(numbers)] if numbers else []
    count = tag("output", f"{len(items)} images", class_="count", aria_live="polite")
    bar = tag("form", controls, order, count, class_="filters") if controls or order else None
    cards = (_card(item, attributes, side) for item, attributes in zip(items, plain, strict=True))
    return tag("section", bar, tag("div", cards, class_="cards"), class_="gallery")


def _plain(value: Attribute) -> list[str] | float | None:
    """As JSON holds it: words are a list, a number without a value is None."""
    if isinstance(value, str):
        return [value]
    if value is None or isinstance(value, Sequence):
        return None if value is None else list(map(str, value))
    return float(value) if math.isfinite(value) else None


def _values(name: str, plain: Sequence[Mapping]) -> list:
    return [attributes[name] for attributes in plain if attributes.get(name) is not None]


def _is_number(name: str, plain: Sequence[Mapping]) -> bool:
    return all(not isinstance(value, list) for value in _values(name, plain))


def _choice(name: str, plain: Sequence[Mapping]) -> Markup:
    found = [attributes.get(name) or [] for attributes in plain]
    counts = Counter(word for words in found for word in set(words))
    empty = sum(not words for words in found)
    options = [tag("option", f"{word} ({count})", value=word) for word, count in sorted(counts.items())]
    if empty:
        options.append(tag("option", f"{NONE} ({empty})", value=NONE))
    return tag("label", name, tag("select", tag("option", "all", value=""), options, data_filter=name))


def _bounds(name: str, plain: Sequence[Mapping]) -> Markup:
    values = _values(name, plain) or [0.0]
    ends = [("min", "from", min(values)), ("max", "to", max(values))]
    fields = [
        tag(
            "input", type="number", step="any", placeholder=f"{value:.4g}", aria_label=f"{name} {word}",
            data_filter=name, data_bound=bound,
        )
        for bound, word, value in ends
    ]  # fmt: skip
    return tag("label", name, tag("span", fields, class_="bounds"))


def _order(numbers: Sequence[str]) -> Markup:
    ways = [(name, sign, words) for name in numbers for sign, words in (("-", "high first"), ("", "low first"))]
    options = [tag("option", f"{name}, {words}", value=f"{sign}{name}") for name, sign, words in ways]
    return tag("label", "order", tag("select", tag("option", "as listed", value=""), options, data_order=True))


def _card(item: GalleryItem, attributes: Mapping, side: int) -> Markup:
    below = tag("p", item.caption, class_="caption") if item.caption else None
    values = json.dumps(attributes, ensure_ascii=False)
    return tag("article", image_tag(item.image, item.caption, side), below, class_="card", data_attributes=values)
