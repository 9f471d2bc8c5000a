"""A tracker in 30 lines: everything that a run logs, as lines of a file."""

from utils.config import Section
from utils.logger.writer import Writer


class FileTrackerConfig(Section):
    name: str = "tests.utils.logger.file_tracker:FileTracker"
    file: str = "tracked.txt"


class FileTracker(Writer):
    config_class = FileTrackerConfig
    title = "File"
    takes_code = True

    @property
    def location(self):
        return str(self.context.run_dir / self.config.file)

    def write(self, step, scope, entries, wall_time):
        self._line("values", step, scope, entries.scalars, sorted(entries.images), entries.texts)

    def _line(self, *words):
        with open(self.location, "a", encoding="utf-8") as file:  # noqa: PTH123
            print(*words, file=file)


for _kind in ("parameters", "graph", "code", "artifact", "roll_back", "hurry", "close"):
    setattr(FileTracker, _kind, lambda self, *values, kind=_kind: self._line(kind, *values))
