"""What a section sets by default in the sections within it, under what the config gives of these."""

from typing import Any

from utils.config.merge import Plain, merge
from utils.config.section import Section


def with_inner_defaults(values: Plain, section: type[Section]) -> Plain:
    """The values of a section; those of a section within it over what the field's default sets.

    Of `fpn: FPNConfig = FPNConfig(extra_level=False)` `{"fpn": {"channels": 64}}` so has no extra level, as the config
    reference says; pydantic alone would take the default of `FPNConfig`. What has another `name` than the default is
    another kind of section and stays as given.

    Args:
        values: JSON types, not checked yet.
        section: the class that will check them.
    """
    return {name: _completed(value, section, name) for name, value in values.items()}


def _completed(value: Any, section: type[Section], name: str) -> Any:
    field = section.model_fields.get(name)
    default = field.default if field else None
    if not isinstance(default, Section) or not isinstance(value, dict):
        return value
    if "name" in value and value["name"] != getattr(default, "name", None):
        return value
    under = default.model_dump(mode="json", exclude_unset=True)
    return with_inner_defaults(merge(under, value), type(default))
