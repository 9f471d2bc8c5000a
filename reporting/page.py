"""One HTML file for people that opens offline: texts, tables, images and galleries to filter and sort.

Style, script and images are in the file, and its policy forbids the browser to load anything else. Every text is
escaped.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from base.task import MetricTable
from reporting.gallery import GalleryItem, gallery
from reporting.markup import Markup, tag
from reporting.page_images import image_tag
from reporting.table import number_text
from utils.files import write_whole

Kind = Literal["error", "warning", "note", "ok"]

_FILES = Path(__file__).with_name("page_files")
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_SIGNS = {"error": "✕", "warning": "!", "note": "i", "ok": "✓"}


class Page:
    """A report, filled from top to bottom.

    Args:
        title: of the report and of the browser's tab.
        subtitle: a line below it.
    """

    def __init__(self, title: str, subtitle: str = ""):
        self.title = title
        self.subtitle = subtitle
        self._parts: list[Markup] = []
        self._headings: dict[str, str] = {}

    def facts(self, facts: Mapping[str, Any]) -> None:
        """Label → value, side by side; None and NaN are shown as a dash."""
        pairs = (tag("div", tag("dt", label), tag("dd", _cell(value))) for label, value in facts.items())
        self._add(tag("dl", pairs, class_="facts"))

    def heading(self, text: str, intro: str = "") -> None:
        """Begins a section, which the list of contents at the top links to."""
        words = re.sub(r"\W+", "-", text.lower()).strip("-") or "section"
        anchor = words if words not in self._headings else f"{words}-{len(self._headings)}"
        self._headings[anchor] = text
        self._add(tag("h2", text, id=anchor))
        if intro:
            self.text(intro)

    def text(self, text: str) -> None:
        """Paragraphs; an empty line is between two of them."""
        self._parts.extend(tag("p", part) for part in text.split("\n\n") if part.strip())

    def notices(self, texts: Sequence[str], kind: Kind = "note") -> None:
        """Messages that the eye must not miss, of one kind; line breaks are kept. None for no text."""
        sign = tag("span", _SIGNS[kind], class_="sign", aria_hidden="true")
        self._parts.extend(
            tag("div", sign, tag("p", tag("b", f"{kind}: ", class_="kind"), text), class_=f"notice {kind}")
            for text in texts
        )

    def commands(self, commands: Mapping[str, str]) -> None:
        """What it does → the command to type."""
        rows = ((tag("dt", what), tag("dd", tag("code", line))) for what, line in commands.items())
        self._add(tag("dl", rows, class_="commands"))

    def table(self, table: MetricTable, caption: str = "", sortable: bool = True) -> None:
        """A table; numbers are at the right, NaN and None a dash. A click on a title sorts by its column."""
        heads = (_head(text, number, table, sortable) for number, text in enumerate(table.head))
        rows = (tag("tr", map(_table_cell, row)) for row in table.rows)
        title = tag("caption", caption) if caption else None
        body = tag("table", title, tag("thead", tag("tr", heads)), tag("tbody", rows), data_sortable=sortable)
        self._add(tag("div", body, class_="scroll"))

    def image(self, image: np.ndarray | Path | str, caption: str = "") -> None:
        """An image in its full size, as wide as the page at most; a click enlarges it.

        Args:
            image: (h, w, 3) uint8 RGB, or a PNG or JPEG file, which is embedded as it is.
            caption: below the image, and its description for who cannot see it.
        """
        below = tag("p", caption, class_="caption") if caption else None
        self._add(tag("div", image_tag(image, caption, None), below, class_="image"))

    def gallery(self, items: Sequence[GalleryItem], filters: Sequence[str] | None = None, side: int = 480) -> None:
        """Images that a person filters by their attributes and sorts by any number among these.

        Args:
            items: see `GalleryItem`.
            filters: the attributes to filter by, in this order; None for all that an item has.
            side: longer side in pixels of a larger image.
        """
        self._add(gallery(items, filters, side))

    def html(self) -> str:
        """The whole document."""
        links = (tag("li", tag("a", text, href=f"#{anchor}")) for anchor, text in self._headings.items())
        contents = tag("nav", tag("ul", links), aria_label="Contents") if len(self._headings) > 1 else None
        subtitle = tag("p", self.subtitle, class_="subtitle") if self.subtitle else None
        top = tag("header", tag("h1", self.title), subtitle, contents)
        enlarged = tag("dialog", id="enlarged")
        script = tag("script", Markup(_FILES.joinpath("page.js").read_text(encoding="utf-8")))
        body = tag("body", top, tag("main", self._parts), enlarged, script)
        return f"<!DOCTYPE html>\n{tag('html', self._head(), body, lang='en')}\n"

    def write(self, path: Path) -> None:
        """Writes the file whole or not at all; its folder is made."""
        write_whole(Path(path), self.html())

    def _head(self) -> Markup:
        return tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="color-scheme", content="light dark"),
            tag("title", self.title),
            tag("style", Markup(_FILES.joinpath("page.css").read_text(encoding="utf-8"))),
        )

    def _add(self, part: Markup) -> None:
        self._parts.append(part)


def _head(text: str, number: int, table: MetricTable, sortable: bool) -> Markup:
    numeric = any(not isinstance(row[number], str) for row in table.rows)
    content = tag("button", text, type="button") if sortable else text
    return tag("th", content, class_="number" if numeric else None, scope="col")


def _table_cell(value: str | float | None) -> Markup:
    if isinstance(value, str):
        return tag("td", value)
    shown = number_text(value)
    return tag("td", shown, class_="number", data_value=None if shown == "–" else repr(float(value or 0)))


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else number_text(value)
