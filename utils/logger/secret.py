"""Keeps secrets out of everything that is logged."""

import re
from typing import Any

HIDDEN = "***"

_SECRET_NAME = re.compile(r"(^|[._\-])(api[_\-]?key|token|secret|password|passwd|credentials?)$", re.IGNORECASE)


def hide_secret(text: str, secret: str | None) -> str:
    """The text with `***` where the secret stood; unchanged when there is no secret."""
    return text.replace(secret, HIDDEN) if secret else text


def without_secrets(parameters: dict[str, Any], secret: str | None) -> dict[str, Any]:
    """Nested parameters without entries named like a secret (`comet_api_key`, `token`…) and without its text."""
    return {
        hide_secret(str(key), secret): _clean(value, secret)
        for key, value in parameters.items()
        if not _SECRET_NAME.search(str(key))
    }


def _clean(value: Any, secret: str | None) -> Any:
    if isinstance(value, dict):
        return without_secrets(value, secret)
    if isinstance(value, (list, tuple)):
        return [_clean(item, secret) for item in value]
    if isinstance(value, (bool, int, float)) or value is None:
        return value
    return hide_secret(str(value), secret)


def flatten(parameters: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"a": {"b": 1}}` → `{"a.b": 1}`; lists stay values."""
    flat: dict[str, Any] = {}
    for key, value in parameters.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flat.update(flatten(value, f"{name}."))
        else:
            flat[name] = value
    return flat
