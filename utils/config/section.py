"""The class that every section of the config derives from."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict

from utils.redact import MASK, holds_secret


class Section(BaseModel):
    """A strict, frozen part of the config.

    A subclass is in the package of what it configures and documents each field with the string below it; the config
    reference and the JSON schema are made from these strings. Unknown keys are errors. Defaults are not checked when a
    config is read (pydantic would want a Path to be a string there, for the config is JSON); a test checks those of all
    sections.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, MASK if holds_secret(name or "", value) else value
