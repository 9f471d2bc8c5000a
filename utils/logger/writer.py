"""Writer: where a run is logged to. A tracker is one subclass and one config section."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from utils.logger.values import Entries


@dataclass(frozen=True)
class RunContext:
    """What a writer knows of the run.

    Attributes:
        run_dir: the run's folder, which exists.
        name: the run's name.
        tags: words that help to find it.
        resume_step: the last step that counts of a resumed run; None for a new one.
        keys: tracker → its API keys, the first of which is used; no writer may let any of them out.
    """

    run_dir: Path
    name: str
    tags: tuple[str, ...] = ()
    resume_step: int | None = None
    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def resumed(self) -> bool:
        """Whether earlier sessions have logged already."""
        return self.resume_step is not None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The keys of all trackers, the longest first: hiding a shorter one in it would show the rest."""
        return tuple(sorted({key for keys in self.keys.values() for key in keys}, key=len, reverse=True))


class Writer(ABC):
    """Takes what `Logger` is given. No call may wait for a network, and none may raise because a tracker is away.

    The subclass is constructed with the run's context and its own config section, which it names by `config_class`
    unless the section is a field of `LoggerConfig`. All but `write` may be left out.

    Attributes:
        title: the tracker's name for people.
        takes_code: whether source files are read for it.
    """

    title: str = ""
    takes_code: bool = False

    def __init__(self, context: RunContext, config: Any):
        self.context = context
        self.config = config

    @abstractmethod
    def write(self, step: int, scope: str, entries: Entries, wall_time: float) -> None:
        """The values of one step: scalars, images, histograms, texts."""

    def parameters(self, values: dict[str, Any]) -> None:  # noqa: B027
        """The run's config, flat, without secrets."""

    def graph(self, text: str) -> None:  # noqa: B027
        """The network's description; once a run."""

    def code(self, name: str, text: str) -> None:  # noqa: B027
        """One source file; once a run."""

    def artifact(self, path: Path, name: str) -> None:  # noqa: B027
        """A file of the run, such as its table or best checkpoint."""

    def roll_back(self, step: int, scope: str) -> None:  # noqa: B027
        """Drops what was logged in `scope` at `step` and later, where the tracker can."""

    @property
    def location(self) -> str:
        """Where the record is, for people; empty while unknown."""
        return ""

    @property
    def next_step(self) -> tuple[str, list[str]] | None:
        """What to do with the record, and the words of the command; None for nothing."""
        return None

    def hurry(self) -> None:  # noqa: B027
        """Makes `close` short: the run is being stopped, and a scheduler may kill it soon."""

    def close(self) -> None:  # noqa: B027
        """Finishes what is open; may be called again."""
