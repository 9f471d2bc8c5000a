"""HTML from Python: every text is escaped unless it is `Markup`, which only `tag` makes."""

import html
from collections.abc import Iterable
from typing import Any

_VOID = frozenset({"img", "input", "link", "meta"})


class Markup(str):
    """HTML that is written as it is; any other string is text and is escaped."""


def tag(name: str, /, *content: Any, **attributes: Any) -> Markup:
    """An element.

    Args:
        name: of the element.
        content: texts, elements, or iterables of these; None is left out.
        attributes: `class_` is `class`, `data_value` is `data-value`; True is an attribute without a value, None and
            False are left out.
    """
    pairs = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    words = (key if value is True else f'{key}="{html.escape(str(value))}"' for key, value in pairs if _given(value))
    opening = " ".join([name, *words])
    return Markup(f"<{opening}>" if name in _VOID else f"<{opening}>{joined(content)}</{name}>")


def joined(content: Iterable[Any]) -> Markup:
    """Texts and elements, one after the other."""
    return Markup("".join(map(_written, content)))


def _written(item: Any) -> str:
    if item is None:
        return ""
    if isinstance(item, Markup):
        return item
    if isinstance(item, Iterable) and not isinstance(item, str):
        return joined(item)
    return html.escape(str(item), quote=False)


def _given(value: Any) -> bool:
    return value is not None and value is not False
