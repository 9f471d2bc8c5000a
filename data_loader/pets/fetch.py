"""Downloads Oxford-IIIT Pet and unpacks it."""

import tempfile
from pathlib import Path

from data_loader.archive import safe_extract
from data_loader.download import download
from data_loader.errors import DataError
from data_loader.pets.config import DownloadConfig
from data_loader.pets.index import missing_parts

_MAX_BYTES = 4 * 2**30
"""What either archive may unpack to; the real ones have 0.8 GB together."""


def fetch_pets(root: Path, config: DownloadConfig) -> None:
    """Puts `images/` and `annotations/` into `root`; each appears there whole or not at all.

    Raises:
        DataError: no mirror gave the files, or they are not what they should be.
    """
    for name, md5 in (("annotations", config.annotations_md5), ("images", config.images_md5)):
        if not (root / name).exists():
            urls = [f"{mirror.rstrip('/')}/{name}.tar.gz" for mirror in config.mirrors]
            archive = download(urls, root / "download" / f"{name}.tar.gz", md5, config.timeout_s)
            _unpack(archive, root, name)
            archive.unlink()
    missing = missing_parts(root)
    if missing:
        raise DataError(f"{root} lacks {', '.join(missing)}: move the folder away, so that it is downloaded anew.")


def _unpack(archive: Path, root: Path, name: str) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=root, prefix=".unpack-") as folder:
            safe_extract(archive, Path(folder), _MAX_BYTES)
            if not (Path(folder) / name).is_dir():
                raise DataError(f"{archive}: holds no folder {name}/.")
            (Path(folder) / name).rename(root / name)
    except OSError as error:
        raise DataError(f"{root}: {archive.name} cannot be unpacked there ({error}).") from error
