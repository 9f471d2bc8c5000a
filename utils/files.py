"""Files that appear whole or not at all."""

import json
import os
import threading
from pathlib import Path
from typing import Any


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes a file under another name and renames it when it is on the disk; text is UTF-8. Missing folders are made.

    A crash in between leaves the file that was there. Several threads may write in one folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not after the file: what a crash leaves must not be taken for one of its kind (TensorBoard reads *tfevents*).
    temporary = path.with_name(f".writing-{os.getpid()}-{threading.get_ident()}.tmp")
    with temporary.open("wb") as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def write_json(path: Path, value: Any) -> None:
    """Writes readable JSON with `write_whole`; what has no JSON form is a TypeError, and nothing is written."""
    write_whole(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
