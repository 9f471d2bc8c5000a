"""The whole config: the run itself and one section for each part."""

import json
import os
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from pydantic_core import to_jsonable_python

from utils.config.section import Section
from utils.files import write_json
from utils.redact import without_secrets

COMET_VARIABLE = "COMET_API_KEY"


class ExpConfig(Section):
    """The run: its name, its place and its seed."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)
    """Name of the run and of its folder: letters, digits, dot, underscore, hyphen."""
    root: Path = Path("experiments")
    """Folder that holds the folders of all runs."""
    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    """Everything random follows from this number."""
    tags: tuple[str, ...] = ()
    """Words that help to find the run again, in Comet for one."""


class Config(Section):
    """The whole config of a run. Made by `process_config`; its text form holds no secret.

    The sections typed `Any` are instances of the `Section` that their `name` selects; which one is only known when
    the config is read, so no type checker could follow their fields.
    """

    exp: ExpConfig
    """The run: its name, its place and its seed."""
    model: Any
    """What is trained."""
    data: Any
    """What it is trained on."""
    trainer: Any
    """How it is trained."""
    evaluator: Any
    """How it is measured."""
    logger: Any
    """Where the metrics are logged."""
    comet_api_key: SecretStr | None = None
    """Key for Comet.ml. The environment's COMET_API_KEY goes first; neither is ever written or shown."""

    def tracker_keys(self) -> dict[str, tuple[str, ...]]:
        """Tracker → its API keys; Comet's: COMET_API_KEY of the environment, then the config's. None is ever shown."""
        configured = self.comet_api_key.get_secret_value() if self.comet_api_key else ""
        keys = filter(None, (os.environ.get(COMET_VARIABLE, "").strip(), configured.strip()))
        return {"comet": tuple(keys)}

    def to_dict(self) -> dict[str, Any]:
        """The resolved config as JSON types: `comet_api_key` is null, and any other secret text is left out."""
        plain = to_jsonable_python(without_secrets(self.model_dump(mode="python")))
        return {**plain, "comet_api_key": None}

    def save(self, path: Path | str) -> None:
        """Writes `to_dict()` as JSON; `process_config(path)` reads it again. Missing folders are made."""
        write_json(Path(path), self.to_dict())

    def __repr__(self) -> str:
        return f"Config({json.dumps(self.to_dict(), ensure_ascii=False)})"

    __str__ = __repr__
