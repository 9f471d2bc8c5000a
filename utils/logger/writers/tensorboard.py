"""TensorBoard event files, written without TensorFlow.

TensorBoard's own `EventFileWriter` opens its files through TensorFlow where it is installed; here only its records and
protos are used, so a run on another backend pays nothing for it. A record goes to the system at once: a killed
process leaves at most one half-written record, which readers skip.
"""

# The protos' classes are made when they are imported, and have no stubs.
# pyright: reportAttributeAccessIssue=false

import itertools
import os
import re
import socket
import time
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.plugins.hparams import metadata as hparams_metadata
from tensorboard.plugins.hparams import plugin_data_pb2 as hparams_pb2
from tensorboard.plugins.text import metadata as text_metadata
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util import tensor_util

from utils.logger.config import TensorBoardConfig
from utils.logger.values import Entries, Histogram
from utils.logger.writer import RunContext, Writer
from utils.logger.writers.event_records import keep_events

_FILE_TIME = re.compile(r"^events\.out\.tfevents\.(\d+)\.")
_file_numbers = itertools.count()


class EventFile:
    """One event file in a folder that may hold those of earlier sessions of the run."""

    def __init__(self, folder: Path, resume_step: int | None) -> None:
        """Start the file, and drop what earlier ones hold of the steps after `resume_step` (None: all)."""
        folder.mkdir(parents=True, exist_ok=True)
        last_step = -1 if resume_step is None else resume_step
        for earlier in sorted(folder.glob("events.out.tfevents.*")):
            keep_events(earlier, last_step)
        path = folder / _next_name(folder)
        self._records = RecordWriter(path.open("xb", buffering=0))
        self.event(Event(file_version="brain.Event:2"))
        # For a TensorBoard that is at work and has read them; its fast reader (rustboard) does not heed it.
        self.event(Event(step=last_step + 1, session_log=SessionLog(status=SessionLog.START)))

    def event(self, event: Event, wall_time: float | None = None) -> None:
        """Append an event, with the present time unless another is given."""
        event.wall_time = time.time() if wall_time is None else wall_time
        self._records.write(event.SerializeToString())

    def close(self) -> None:
        """Close the file."""
        self._records.close()


def _next_name(folder: Path) -> str:
    """A file name that sorts behind all others: readers take a folder's files in the order of their names."""
    times = [int(match[1]) for path in folder.iterdir() if (match := _FILE_TIME.match(path.name))]
    second = max([int(time.time()), *(number + 1 for number in times)])
    return f"events.out.tfevents.{second:010d}.{socket.gethostname()}.{os.getpid()}.{next(_file_numbers)}"


class TensorBoardWriter(Writer):
    """Writes each scope into its own folder, which is a run of its own in TensorBoard."""

    title = "TensorBoard"

    def __init__(self, context: RunContext, config: TensorBoardConfig) -> None:
        """Take the folder of the scopes: `summaries/<scope>` of the run gets the event files."""
        super().__init__(context, config)
        self._folder = folder = context.run_dir / "summaries"
        self._resume_step = context.resume_step
        self._files: dict[str, EventFile] = {}
        # Scopes of an earlier session get their new file now, which drops the steps that this session repeats, even
        # in scopes it never comes to.
        for scope in sorted(folder.iterdir()) if folder.is_dir() else []:
            if any(scope.glob("events.out.tfevents.*")):
                self._file(scope.name)

    def _file(self, scope: str) -> EventFile:
        if scope not in self._files:
            self._files[scope] = EventFile(self._folder / scope, self._resume_step)
        return self._files[scope]

    def write(self, step: int, scope: str, entries: Entries, wall_time: float) -> None:
        """Append one event with all entries."""
        summary = Summary(value=_summary_values(entries))
        self._file(scope).event(Event(step=step, summary=summary), wall_time)

    def roll_back(self, step: int, scope: str) -> None:
        """Drop the scope's events of `step` and later ones, and continue in a new file."""
        if scope in self._files:
            self._files.pop(scope).close()
            self._files[scope] = EventFile(self._folder / scope, step - 1)

    @property
    def location(self) -> str:
        """The folder of the event files."""
        return str(self._folder)

    @property
    def next_step(self) -> tuple[str, list[str]]:
        """To show this run beside the others."""
        return "show the curves", ["tensorboard", "--logdir", str(self.context.run_dir.parent)]

    def parameters(self, values: dict[str, Any]) -> None:
        """Write flat parameters for the HParams page, under the run's name; a resumed run has them."""
        if self.context.resumed:
            return
        start = hparams_pb2.SessionStartInfo(group_name=self.context.name, start_time_secs=time.time())
        for key, value in values.items():
            if isinstance(value, bool):
                start.hparams[key].bool_value = value
            elif isinstance(value, (int, float)):
                start.hparams[key].number_value = value
            else:
                start.hparams[key].string_value = str(value)
        data = hparams_pb2.HParamsPluginData(session_start_info=start)
        value = Summary.Value(
            tag=hparams_metadata.SESSION_START_INFO_TAG,
            metadata=hparams_metadata.create_summary_metadata(data),
            tensor=hparams_metadata.NULL_TENSOR,
        )
        self._file("train").event(Event(summary=Summary(value=[value])))

    def graph(self, text: str) -> None:
        """Write the network's description as a text."""
        # Indented by four, Markdown shows the table as it is.
        shown = "\n".join("    " + line for line in text.splitlines())
        self._file("train").event(Event(summary=Summary(value=[_text_value("network", shown)])))

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()


def _summary_values(entries: Entries) -> list[Summary.Value]:
    scalars = [Summary.Value(tag=key, simple_value=value) for key, value in entries.scalars.items()]
    images = [
        Summary.Value(
            tag=key,
            image=Summary.Image(height=image.height, width=image.width, colorspace=3, encoded_image_string=image.png),
        )
        for key, image in entries.images.items()
    ]
    histograms = [Summary.Value(tag=key, histo=_histogram(value)) for key, value in entries.histograms.items()]
    texts = [_text_value(key, text) for key, text in entries.texts.items()]
    return scalars + images + histograms + texts


def _histogram(histogram: Histogram) -> HistogramProto:
    return HistogramProto(
        min=histogram.edges[0],
        max=histogram.edges[-1],
        num=histogram.counts.sum(),
        sum=histogram.total,
        sum_squares=histogram.total_squares,
        bucket_limit=histogram.edges[1:].tolist(),
        bucket=histogram.counts.tolist(),
    )


def _text_value(key: str, text: str) -> Summary.Value:
    metadata: SummaryMetadata = text_metadata.create_summary_metadata(display_name=key, description="")
    tensor = tensor_util.make_tensor_proto([text.encode("utf-8")], shape=(1,))
    return Summary.Value(tag=key, metadata=metadata, tensor=tensor)
