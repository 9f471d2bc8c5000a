"""Downloads Oxford-IIIT Pet and unpacks it."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data_loader.archive import safe_extract
from data_loader.errors import DataError
from data_loader.pets.config import DownloadConfig
from data_loader.pets.index import missing_parts
from utils.checksum import Checksum
from utils.download import DownloadError, download
from utils.work_folder import remove_abandoned, work_folder

_LOGGER = logging.getLogger("maskeras")
_MAX_BYTES = 4 * 2**30
"""What either archive may unpack to; the real ones have 0.8 GB together."""
_UNPACKING = ".unpack-"


def fetch_pets(root: Path, config: DownloadConfig) -> None:
    """Puts `images/` and `annotations/` into `root`; each appears there whole or not at all.

    While another run does the same this one waits, and then takes what it finds.

    Raises:
        DataError: no mirror gave the files, they are not what they should be, or `root` cannot be written.
    """
    with _alone(root):
        _fetch(root, config)


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Holds the lock of `root`; the system lets go of it when a process ends, however it does."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        file = (root / "download.lock").open("a")
    except OSError as error:
        raise DataError(f"{root}: cannot be written ({error}).") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _LOGGER.info("Another run is downloading to %s; waiting for it …", root)
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:  # some network file systems have no locks
            _LOGGER.info("%s cannot be locked (%s): start no second run before the data set is there.", root, error)
        yield


def _fetch(root: Path, config: DownloadConfig) -> None:
    remove_abandoned(root, _UNPACKING)
    for name, md5 in (("annotations", config.annotations_md5), ("images", config.images_md5)):
        if not (root / name).exists():
            urls = [f"{mirror.rstrip('/')}/{name}.tar.gz" for mirror in config.mirrors]
            try:
                archive = download(urls, root / "download" / f"{name}.tar.gz", Checksum("md5", md5), config.timeout_s)
            except DownloadError as error:
                raise DataError(str(error)) from error
            _unpack(archive, root, name)
            archive.unlink()
    missing = missing_parts(root)
    if missing:
        raise DataError(f"{root} lacks {', '.join(missing)}: move the folder away, so that it is downloaded anew.")


def _unpack(archive: Path, root: Path, name: str) -> None:
    try:
        with work_folder(root, _UNPACKING) as folder:
            safe_extract(archive, folder, _MAX_BYTES)
            if not (folder / name).is_dir():
                raise DataError(f"{archive}: holds no folder {name}/.")
            (folder / name).rename(root / name)
    except OSError as error:
        raise DataError(f"{root}: {archive.name} cannot be unpacked there ({error}).") from error
