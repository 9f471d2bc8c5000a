"""Keeps secrets out of files, logs and messages: a name that ends with one of a few words marks its value as secret."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr

MASK = "***"
_WORDS = r"(?:api[_-]?key|token|password|passwd|secret|credentials?)"
_NAME_ENDS_SECRET = re.compile(rf"{_WORDS}$", re.IGNORECASE)
_SECRET_IN_LINE = re.compile(rf"[\w.-]*{_WORDS}(?!\w)[\"'=:\s]*", re.IGNORECASE)
_PLAIN_VALUE = re.compile(r"true|false|null|[-+]?[0-9.]+(?:e[-+]?[0-9]+)?", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether the text that a field, key or option of this name holds is a secret."""
    return _NAME_ENDS_SECRET.search(name) is not None


def holds_secret(name: str, value: Any) -> bool:
    """Whether `value` is a secret by its name or type; booleans, numbers and None never are (`cls_token: true`)."""
    return isinstance(value, SecretStr) or (is_secret(name) and not isinstance(value, bool | int | float | None))


def hide_secret(text: str, secret: str | None) -> str:
    """The text with `***` in place of the secret; unchanged when there is no secret."""
    return text.replace(secret, MASK) if secret else text


def mask_text(text: str) -> str:
    """`text` with everything hidden that follows a secret's name on its line, and the next line where it may continue.

    It hides rather too much: it is used on text that could not be parsed.
    """
    lines, hide_next = [], False
    for line in text.split("\n"):
        match = _SECRET_IN_LINE.search(line)
        value = line[match.end() :] if match else ""
        if hide_next and line.strip():
            lines.append(MASK)
        else:
            lines.append(f"{line[: match.end()]}{MASK}" if match and value else line)
        continues = match is not None and not re.search(r"\w", value)
        hide_next = continues or (hide_next and not line.strip())
    return "\n".join(lines)


def mask_command(argv: Sequence[str]) -> list[str]:
    """The words of a command line with secrets masked, as in `comet_api_key=…`, `--token …` and JSON values."""
    words, hide_next = [], False
    for word in argv:
        words.append(MASK if hide_next else _masked_word(word))
        hide_next = not hide_next and is_secret(word)
    return words


def command_without_secrets(argv: Sequence[str]) -> list[str]:
    """The words of a command line without those that hold a secret, and without a `--set` that is left with nothing."""
    kept = [word for word, masked in zip(argv, mask_command(argv), strict=True) if word == masked]
    following = [*kept[1:], "--"]
    return [
        word
        for word, after in zip(kept, following, strict=True)
        if not is_secret(word) and not (word == "--set" and after.startswith("-"))
    ]


def without_secrets(value: Any, secret: str | None = None) -> Any:
    """A copy of nested mappings and sequences without the entries that `holds_secret` finds.

    Args:
        value: mappings, lists, tuples and what they contain.
        secret: a text that is replaced by `***` wherever it stands, in keys too.
    """
    if isinstance(value, Mapping):
        return {
            hide_secret(key, secret) if isinstance(key, str) else key: without_secrets(item, secret)
            for key, item in value.items()
            if not holds_secret(str(key), item)
        }
    if isinstance(value, list | tuple):
        return [without_secrets(item, secret) for item in value if not isinstance(item, SecretStr)]
    return hide_secret(value, secret) if isinstance(value, str) else value


def _masked_word(word: str) -> str:
    key, _, value = word.partition("=")
    return word if is_secret(key) and _PLAIN_VALUE.fullmatch(value) else mask_text(word)
