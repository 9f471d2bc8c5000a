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
from utils.logger.jsonl_writer import JsonlWriter
from utils.logger.values import Writer, flatten, sort_values
from utils.redact import without_secrets

_LOG = logging.getLogger("maskeras")
_SCOPE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_\-]*$")
_MAX_CODE_BYTES = 1_000_000


class Logger:
    """Logs scalars, images, histograms and texts to `metrics.jsonl`, TensorBoard and Comet.

    A context manager; leaving it closes it. Not for several threads at once.
    """

    def __init__(
        self,
        run_dir: Path,
        config: LoggerConfig,
        *,
        experiment_name: str,
        comet_keys: Sequence[str] = (),
        hyper_parameters: dict[str, Any] | None = None,
        tags: Sequence[str] = (),
        resume_step: int | None = None,
    ) -> None:
        """Open the writers; a resumed run goes on in the same files and the same Comet experiment.

        Args:
            run_dir: the run's folder, made if missing.
            config: the section `logger`.
            experiment_name: shown in Comet and on TensorBoard's HParams page.
            comet_keys: API keys at Comet (`Config.comet_keys` knows where they come from). The first one is used, and
                none of them gets out, for a config file may hold another than the one in use. No key is offline.
            hyper_parameters: nested; entries named like secrets are left out, and the keys wherever they stand.
            tags: the Comet experiment's tags.
            resume_step: the run goes on after this step: what was logged for later steps is taken back in
                `metrics.jsonl` and TensorBoard. None starts a new run and takes all of it back.

        Raises:
            ValueError: when `resume_step` is negative.
        """
        if resume_step is not None and resume_step < 0:
            raise ValueError(f"Logger: resume_step is {resume_step}; give the last step that counts, or None")
        self._config = config
        self._resumed = resume_step is not None
        self._keys = tuple(comet_keys)
        self._closed = False
        run_dir.mkdir(parents=True, exist_ok=True)
        self._jsonl = jsonl = JsonlWriter(run_dir / "metrics.jsonl", resume_step)
        if jsonl.dropped and not self._resumed:
            _LOG.warning("%s: %d lines of an earlier run were dropped", run_dir / "metrics.jsonl", jsonl.dropped)
        self._tensorboard = self._open_tensorboard(run_dir, resume_step)
        self._comet = self._open_comet(run_dir, experiment_name, tags)
        self._writers: list[Writer] = [writer for writer in (jsonl, self._tensorboard, self._comet) if writer]
        self._log_hyper_parameters(hyper_parameters or {}, experiment_name)

    def _open_tensorboard(self, run_dir: Path, resume_step: int | None) -> Any:
        if not self._config.tensorboard.enabled:
            return None
        from utils.logger.tensorboard_writer import TensorBoardWriter  # noqa: PLC0415 - only where it is used

        return TensorBoardWriter(run_dir / "summaries", resume_step)

    def _open_comet(self, run_dir: Path, name: str, tags: Sequence[str]) -> Any:
        if self._config.comet.mode == "off":
            return None
        from utils.logger.comet_writer import CometWriter  # noqa: PLC0415 - only where it is used

        return CometWriter(run_dir, self._config.comet, name=name, keys=self._keys, tags=tags, resume=self._resumed)

    def _log_hyper_parameters(self, parameters: dict[str, Any], name: str) -> None:
        plain = without_secrets(json.loads(json.dumps(parameters, default=str)))
        # The longest first: where one holds another, hiding the shorter one would show the rest of it.
        for key in sorted(self._keys, key=len, reverse=True):
            plain = without_secrets(plain, key)
        flat = flatten(plain)
        if self._tensorboard is not None and flat and not self._resumed:
            self._tensorboard.hyper_parameters(flat, name)
        if self._comet is not None and flat:
            self._comet.hyper_parameters(flat)

    @property
    def comet_location(self) -> str:
        """The experiment's address, or the archive's path once closed; empty while unknown or with Comet off."""
        return self._comet.location if self._comet is not None else ""

    def summarize(self, step: int, values: Mapping[str, Any], scope: str = "train") -> None:
        """Log named values of one step.

        Args:
            step: the global step, from 0.
            values: name → number or array without axes (scalar), uint8 array (H, W, 3) (image, RGB), other array of
                floats (histogram), string (text). Tensors are read as arrays, which waits for the device. Scalars that
                are not finite are logged as they are, in `metrics.jsonl` as "NaN", "Infinity", "-Infinity".
            scope: "train", "val" or another word; TensorBoard shows it as a run, Comet as a context.

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
        for writer in self._writers:
            writer.write(number, scope, entries, now)

    def roll_back(self, step: int, scope: str) -> None:
        """Drop what was logged in `scope` at `step` and after, in `metrics.jsonl` and TensorBoard.

        Comet takes nothing back; it shows the value that came last.
        """
        self._jsonl.roll_back(step, scope)
        if self._tensorboard is not None:
            self._tensorboard.roll_back(step, scope)

    def graph(self, text: str) -> None:
        """Log the network's description, its summary or its JSON, once a run; a resumed run has it already."""
        if self._resumed or not self._config.graph:
            return
        if self._tensorboard is not None:
            self._tensorboard.graph(text)
        if self._comet is not None:
            self._comet.graph(text)

    def code(self, paths: Iterable[Path], root: Path) -> None:
        """Log source files to Comet, named relative to `root`; a resumed run has them already.

        A file elsewhere is named by its folder and itself. One that holds an API key, is no UTF-8, or is over a
        megabyte is left out with a warning.
        """
        if self._resumed or not self._config.code or self._comet is None:
            return
        for path in paths:
            full = path.resolve()
            below = full.is_relative_to(root.resolve())
            name = full.relative_to(root.resolve() if below else full.parent.parent).as_posix()
            text, reason = _read_code(path, self._keys)
            if text is None:
                _LOG.warning("Comet: %s is not logged: %s", name, reason)
            else:
                self._comet.code(name, text)

    def close(self) -> None:
        """Close all writers. May be called again.

        The files are closed first, in the time that the disk takes. Then Comet's process is waited for,
        `logger.comet.timeout_s` and 2 s at most; where the logger is left by an exception 10 s at most, and the process
        then ends by itself, without what it could not be handed until then.
        """
        self._closed = True
        for writer in self._writers:
            writer.close()

    def __enter__(self) -> "Logger":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and self._comet is not None:
            self._comet.hurry()
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
