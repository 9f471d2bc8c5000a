"""A file of weights from the net into a cache folder."""

import os
from pathlib import Path

from models.backbones.architecture import Pretrained
from utils.download import DownloadError, download, is_whole
from utils.work_folder import remove_abandoned, work_folder

SILENCE = 7.0
"""Seconds to wait for an answer, and again for each next piece; both together stay below 15 s."""
_DOWNLOADING = ".download-"


def cache_folder() -> Path:
    """Keras' own folder for downloaded weights, so that each is fetched once on a machine."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models"


def fetch(source: Pretrained, folder: Path, silence: float = SILENCE) -> Path:
    """The path of `source` in `folder`; downloads it if it is not there with the right checksum.

    The file appears under its name only when it is whole, also where several processes fetch it at once: each writes
    into a folder of its own.

    Args:
        source: what to get.
        folder: made if it does not exist.
        silence: seconds without an answer, or without a next piece, after which a connection is given up.

    Raises:
        DownloadError: no answer in time, a refusal, a broken or damaged download, a folder that cannot be written.
    """
    target = folder / source.url.rpartition("/")[2]
    remove_abandoned(folder, _DOWNLOADING)
    try:
        if is_whole(target, source.md5):
            return target
        folder.mkdir(parents=True, exist_ok=True)
        with work_folder(folder, _DOWNLOADING) as own:
            return download([source.url], own / target.name, source.md5, silence).replace(target)
    except OSError as error:
        raise DownloadError(f"{target}: cannot be written ({error}).") from error
