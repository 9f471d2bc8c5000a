"""Downloads Oxford-IIIT Pet and unpacks it."""

from pathlib import Path

from data_loader.archive import safe_extract
from data_loader.errors import DataError
from data_loader.pets.config import DownloadConfig
from data_loader.pets.index import missing_parts
from utils.alone import alone
from utils.checksum import Checksum
from utils.download import DownloadError, download
from utils.work_folder import remove_abandoned, work_folder

_MAX_BYTES = 4 * 2**30
"""What either archive may unpack to; the real ones have 0.8 GB together."""
_UNPACKING = ".unpack-"


def fetch_pets(root: Path, config: DownloadConfig) -> None:
    """Puts `images/` and `annotations/` into `root`; each appears there whole or not at all.

    While another run does the same this one waits, and then takes what it finds.

    Raises:
        DataError: no mirror gave the files, they are not what they should be, or `root` cannot be written.
    """
    try:
        with alone(root / "download.lock", f"downloading to {root}"):
            _fetch(root, config)
    except OSError as error:
        raise DataError(f"{root}: cannot be read or written ({error}).") from error


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
        raise DataError(f"{root} lacks {', '.join(missing)}: move the folder away, so that it is downloaded again.")


def _unpack(archive: Path, root: Path, name: str) -> None:
    try:
        with work_folder(root, _UNPACKING) as folder:
            safe_extract(archive, folder, _MAX_BYTES)
            if not (folder / name).is_dir():
                raise DataError(f"{archive}: holds no folder {name}/.")
            (folder / name).rename(root / name)
    except OSError as error:
        raise DataError(f"{root}: {archive.name} cannot be unpacked there ({error}).") from error
