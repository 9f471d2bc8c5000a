"""The journal of a prediction: what was found in each image, appended as soon as the image's own files are written.

One line of JSON for each image. A process that is killed in the middle of a line leaves half of it, which is removed
the next time; everything before counts. Files over all images are made from the journal, so that they are the same
however often a prediction was interrupted.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from inference.detections import Detections
from inference.inputs.item import Item
from inference.inputs.names import well_formed
from inference.result import Result
from utils.errors import UserError


class JournalError(UserError):
    """The journal cannot be read or written."""


class Journal:
    """Kept on the disk; in memory is only where each line starts.

    Args:
        path: of the journal; a new one is made, an old one is read and appended to.
        names: of the classes 1…K.
        category_ids: the data set's own ids of the classes 1…K.
        kind: of the results.

    Attributes:
        failed: stem → name and reason of the images that could not be predicted; another attempt may succeed.

    Raises:
        JournalError: it cannot be read or written.
    """

    def __init__(self, path: Path, names: Sequence[str], category_ids: Sequence[int], kind: type[Result] = Detections):
        self.path = path
        self.failed: dict[str, tuple[str, str]] = {}
        self._kind = kind
        self._names, self._category_ids = tuple(names), tuple(category_ids)
        self._starts: dict[str, int] = {}
        try:
            self._file = path.open("a+b")
            self._read()
        except OSError as error:
            raise JournalError(f"{path}: cannot be opened ({error}).") from error

    def __len__(self) -> int:
        return len(self._starts)

    def __contains__(self, stem: str) -> bool:
        return stem in self._starts

    def add(self, item: Item, found: Result | Exception) -> None:
        """Appends one image with what was found in it, or with the reason why there is nothing."""
        line: dict[str, Any] = {"stem": item.stem, "name": item.name, "image_id": item.image_id, "stamp": item.stamp()}
        if isinstance(found, Result):
            line |= {"time_s": item.time_s, **found.to_json()}
        else:
            line["error"] = well_formed(str(found)) or type(found).__name__
        start = self._file.seek(0, 2)
        self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        self._note(start, line)

    def result(self, stem: str) -> Result:
        """What was found in an image, every number as it was."""
        return self._kind.from_json(self._line(stem), self._names, self._category_ids)

    def items(self) -> Iterator[Item]:
        """The images that were predicted, in the order of their ids; without a `source`."""
        lines = sorted((line["image_id"], stem, line) for stem in self._starts for line in [self._brief(stem)])
        for image_id, stem, line in lines:
            yield Item(line["name"], stem, image_id, "", line["time_s"])

    def stamp(self, stem: str) -> list[int] | None:
        """That of the image's file when it was predicted."""
        return self._line(stem)["stamp"]

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _brief(self, stem: str) -> dict[str, Any]:
        return {key: value for key, value in self._line(stem).items() if key in ("image_id", "name", "time_s")}

    def _line(self, stem: str) -> dict[str, Any]:
        self._file.seek(self._starts[stem])
        return json.loads(self._file.readline())

    def _read(self) -> None:
        """Notes where each whole line starts; a half one at the end is removed."""
        self._file.seek(0)
        start = 0
        for content in self._file:
            if not content.endswith(b"\n"):
                break
            line = _parsed(content)
            if line is None:
                raise JournalError(
                    f"{self.path}: the line at byte {start} is damaged. Move the folder away, or add --restart."
                )
            self._note(start, line)
            start += len(content)
        self._file.truncate(start)

    def _note(self, start: int, line: dict[str, Any]) -> None:
        stem = line["stem"]
        if "error" in line:
            self.failed[stem] = (line["name"], line["error"])
        else:
            self.failed.pop(stem, None)
            self._starts[stem] = start


def _parsed(content: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(content)
    except ValueError:
        return None
    return line if isinstance(line, dict) and "stem" in line else None
