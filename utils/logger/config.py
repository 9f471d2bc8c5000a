"""The config of the logger."""

import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from utils.config.section import Section
from utils.registry import RegistryError, resolve_config


def _tracker_sections(entries: Any) -> Any:
    """Each entry as the section that its class names by `config_class`."""
    if not isinstance(entries, list | tuple):
        return entries
    return tuple(_tracker_section(number, entry) for number, entry in enumerate(entries))


def _tracker_section(number: int, entry: Any) -> Any:
    if isinstance(entry, Section):
        return entry
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str):
        raise ValueError(f'entry {number} has no name; write {{"name": "package.module:Class", …}}')
    try:
        return resolve_config({}, name).model_validate_json(json.dumps(entry))
    except RegistryError as error:
        raise ValueError(f"entry {number}: {error}") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ValueError(f"entry {number}, {name}: {problems}") from error


class TensorBoardConfig(Section):
    """Event files in `summaries/{train,val}` of the run."""

    enabled: bool = True
    """Whether event files are written."""


class CometConfig(Section):
    """The experiment at Comet.ml; nothing here ever stops a training or slows its steps."""

    mode: Literal["auto", "online", "offline", "off"] = "auto"
    """`auto`: online with a key, else an offline archive in `comet/` of the run. `online`: as `auto`, but a missing key
    is a warning. `offline`: always an archive. `off`: nothing, and the client is not even imported."""

    project: str | None = Field(default="maskeras", min_length=1)
    """The project at Comet; null leaves it to `COMET_PROJECT_NAME` or the account's default."""

    workspace: str | None = Field(default=None, min_length=1)
    """The workspace at Comet; null is the account's default."""

    url: str | None = Field(default=None, pattern=r"^https?://")
    """Another server's address, such as `https://comet.example.org/clientlib/`; null leaves it to
    `COMET_URL_OVERRIDE` or comet.com."""

    connect_timeout_s: float = Field(default=15.0, gt=0)
    """Seconds the server may take to accept the experiment; after that an offline archive is written instead."""

    timeout_s: float = Field(default=60.0, gt=0)
    """Seconds, and two more, that the end of a run waits at most; what is not sent by then is given up with a warning.
    A run that an error or a signal ends waits 10 s at most."""

    @property
    def enabled(self) -> bool:
        """Whether anything is logged to Comet."""
        return self.mode != "off"

    queue_size: int = Field(default=1000, ge=1)
    """Calls that may wait for a slow server; beyond that they are dropped with one warning."""

    system_metrics: bool = False
    """Log the host's name, packages, CPU, memory and GPU use; it asks the cloud's metadata address, so off."""

    git_metadata: bool = False
    """Log branch, commit and remote address of the repository (the commit is in `environment.json` in any case)."""

    git_patch: bool = False
    """Log the uncommitted changes of the repository as well, unless they hold the API key."""


class LoggerConfig(Section):
    """What is logged and where; `metrics.jsonl` is always written."""

    trackers: Annotated[tuple[Any, ...], BeforeValidator(_tracker_sections)] = ()
    """Trackers of your own: a list of sections, each with the `name` of a `Writer`, `package.module:Class`."""

    tensorboard: TensorBoardConfig = TensorBoardConfig()
    """Event files for `tensorboard --logdir experiments`."""

    comet: CometConfig = CometConfig()
    """The experiment at Comet.ml, online or as an archive for `comet upload`."""

    histograms: bool = True
    """Whether arrays of floats are logged as histograms; else they are left out."""

    histogram_bins: int = Field(default=64, ge=2, le=1024)
    """Bins of a histogram between the smallest and the largest finite value."""

    graph: bool = True
    """Whether the network's description is logged."""

    code: bool = True
    """Whether the run's source files go to Comet."""

    max_images: int = Field(default=16, ge=0)
    """Images logged by one call of `summarize`; those beyond are left out."""

    max_image_side: int = Field(default=1024, ge=16)
    """Longest side of a logged image in pixels; a larger one is scaled down."""
