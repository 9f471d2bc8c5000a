"""The one door through which a run logs."""

import json
import logging
import operator
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from utils.logger.config import LoggerConfig
from utils.logger.values import flatten, sort_values
from utils.logger.writer import RunContext, Writer
from utils.redact import without_secrets
from utils.registry import WRITERS, load_object

_LOG = logging.getLogger("maskeras")
_SCOPE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_\-]*$")
_MAX_CODE_BYTES = 1_000_000


class Logger:
    """Logs scalars, images, histograms and texts to every tracker of the config.

    A context manager; leaving it closes it. Not for several threads at once.

    Attributes:
        writers: name → writer, those of `utils.registry.WRITERS` first.
    """

    def __init__(
        self,
        run_dir: Path,
        config: LoggerConfig,
        *,
        experiment_name: str,
        keys: Mapping[str, Sequence[str]] | None = None,
        hyper_parameters: dict[str, Any] | None = None,
        tags: Sequence[str] = (),
        resume_step: int | None = None,
    ) -> None:
        """Open the writers; a resumed run continues the same files and experiments.

        Args:
            run_dir: the run's folder, made if missing.
            config: the section `logger`.
            experiment_name: the run's name in every tracker.
            keys: tracker → its API keys (`Config.tracker_keys`). The first one is used, and none of them gets out, for
                a config file may hold another than the one in use.
            hyper_parameters: nested; entries named like secrets are left out, and the keys wherever they are.
            tags: words that help to find the run.
            resume_step: the run continues after this step: what was logged for later steps is rolled back where the
                tracker can. None starts a new run and rolls all of it back.

        Raises:
            ValueError: when `resume_step` is negative.
        """
        if resume_step is not None and resume_step < 0:
            raise ValueError(f"Logger: resume_step is {resume_step}; give the last step that counts, or None")
        self._config = config
        self._closed = False
        run_dir.mkdir(parents=True, exist_ok=True)
        self._context = RunContext(run_dir, experiment_name, tuple(tags), resume_step, keys or {})
        self.writers = self._open_writers()
        parameters = self._flat(hyper_parameters or {})
        for writer in self.writers.values() if parameters else ():
            writer.parameters(parameters)

    def _open_writers(self) -> dict[str, Writer]:
        sections = {name: getattr(self._config, name, None) for name in WRITERS}
        on = {name: section for name, section in sections.items() if section is None or section.enabled}
        # Each is imported only where it is used.
        writers = {name: load_object(WRITERS[name])(self._context, section) for name, section in on.items()}
        own = {section.name: load_object(section.name)(self._context, section) for section in self._config.trackers}
        return writers | own

    def _flat(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """As JSON types without secrets, `{"a.b": 1}`."""
        plain = without_secrets(json.loads(json.dumps(parameters, default=str)))
        for key in self._context.secrets:
            plain = without_secrets(plain, key)
        return flatten(plain)

    @property
    def locations(self) -> dict[str, str]:
        """Tracker → where its record of the run is; some know it only once they are closed."""
        return {writer.title: writer.location for writer in self.writers.values() if writer.location}

    @property
    def next_steps(self) -> dict[str, list[str]]:
        """What to do with the records → the words of the command."""
        return dict(step for writer in self.writers.values() if (step := writer.next_step))

    def summarize(self, step: int, values: Mapping[str, Any], scope: str = "train") -> None:
        """Log named values of one step.

        Args:
            step: the global step, from 0.
            values: name → number or array without axes (scalar), uint8 array (H, W, 3) (image, RGB), other array of
                floats (histogram), string (text). Tensors are read as arrays, which waits for the device. Scalars that
                are not finite are logged as they are, in `metrics.jsonl` as "NaN", "Infinity", "-Infinity".
            scope: "train", "val" or another word; trackers show it as a run or a context.

        Raises:
            ValueError: for a value of any other kind (names its key), a wrong step or scope.
            RuntimeError: after `close`.
        """
        if self._closed:
            raise RuntimeError(f"Logger.summarize at step {step}: the logger is closed")
        number = operator.index(step)
        if number < 0:
            raise ValueError(f"Logger.summarize: step is {step}; steps count from 0")
        if not _SCOPE.match(scope):
            raise ValueError(f"Logger.summarize: scope is {scope!r}; give a word of letters, digits, '_' and '-'")
        entries = sort_values(values, self._config)
        now = time.time()
        for writer in self.writers.values():
            writer.write(number, scope, entries, now)

    def roll_back(self, step: int, scope: str) -> None:
        """Drop what was logged in `scope` at `step` and after; a tracker that cannot shows the value that came last."""
        for writer in self.writers.values():
            writer.roll_back(step, scope)

    def graph(self, text: str) -> None:
        """Log the network's description, its summary or its JSON, once a run; a resumed run has it already."""
        if self._context.resumed or not self._config.graph:
            return
        for writer in self.writers.values():
            writer.graph(text)

    def artifact(self, path: Path, name: str) -> None:
        """Hand a file of the run to the trackers that keep files."""
        for writer in self.writers.values():
            writer.artifact(path, name)

    def code(self, paths: Iterable[Path], root: Path) -> None:
        """Log source files, named relative to `root`; a resumed run has them already.

        A file elsewhere is named by its folder and itself. One that holds an API key, is no UTF-8, or is over a
        megabyte is left out with a warning.
        """
        takers = [writer for writer in self.writers.values() if writer.takes_code]
        if self._context.resumed or not self._config.code or not takers:
            return
        for path in paths:
            full = path.resolve()
            below = full.is_relative_to(root.resolve())
            name = full.relative_to(root.resolve() if below else full.parent.parent).as_posix()
            text, reason = _read_code(path, self._context.secrets)
            if text is None:
                _LOG.warning("%s is not logged: %s", name, reason)
                continue
            for writer in takers:
                writer.code(name, text)

    def close(self) -> None:
        """Close all writers, local files first. May be called again."""
        self._closed = True
        for writer in self.writers.values():
            writer.close()

    def __enter__(self) -> "Logger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            for writer in self.writers.values():
                writer.hurry()
        self.close()


def _read_code(path: Path, keys: Sequence[str]) -> tuple[str | None, str]:
    """The file's text, or None and the reason why it is not logged."""
    data = path.read_bytes()
    if len(data) > _MAX_CODE_BYTES:
        return None, f"it has {len(data)} bytes, over {_MAX_CODE_BYTES}"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, f"it is no UTF-8 ({error})"
    if any(key in text for key in keys):
        return None, "it holds an API key; take the key out of it"
    return text, ""
