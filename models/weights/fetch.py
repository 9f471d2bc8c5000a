"""A file of weights: published, at an address, or at a path; downloaded once into a cache folder."""

import logging
import os
from pathlib import Path

from models.weights.errors import WeightsError
from models.weights.files import foreign_content
from models.weights.sources import Pretrained, at_address, checksum_in_name, folder_of, is_address
from utils.alone import alone
from utils.download import ChecksumError, DownloadError, download, is_whole

logger = logging.getLogger("maskeras")

SILENCE = 7.0
"""Seconds to wait for an answer, and again for each next piece; both together stay below 15 s."""
_UNFINISHED = f".unfinished-{os.getuid()}"
"""The folder in the cache for incomplete files: one for each user, who may not write into another's."""


def cache_folder() -> Path:
    """Keras' folder for downloaded weights, so that each is fetched once on a machine."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models"


def obtain(given: str | Pretrained, key: str, required: bool = True, fallback: str = "") -> Path | None:
    """The file on this machine, its checksum verified where it has one; None where a download failed.

    Args:
        given: what is published, an http or https address, or a path.
        key: of the config, for messages.
        required: whether a download that fails is an error. Otherwise it is a warning, and the result is None.
        fallback: the end of that warning: what the run is initialized from instead.

    Raises:
        WeightsError: the download failed and is required, there is no file at the path, or its SHA-256 is not the one
            in its name.
    """
    try:
        return _obtain(given, key)
    except DownloadError as error:
        message = (
            f"The weights of {key} are unavailable: tried {cache_folder()}; {error} To use them, download that file "
            f"elsewhere and set {key} to its path."
        )
        if required:
            raise WeightsError(message) from error
        logger.warning("%s %s", message, fallback)
        return None


def _obtain(given: str | Pretrained, key: str) -> Path:
    if isinstance(given, Pretrained):
        return fetch(given, cache_folder())
    if is_address(given):
        try:
            return fetch(at_address(given), cache_folder() / folder_of(given))
        except ChecksumError as error:
            raise ChecksumError(
                f"{error} It is damaged or another file; if the digits in its name ({key}) are no checksum, rename it."
            ) from error
    path = Path(given).expanduser()
    if not path.is_file():
        raise WeightsError(f'there is no file "{path}" ({key}, looked for in {Path.cwd()}); give the path of weights')
    checksum = checksum_in_name(path.name)
    found = checksum.of(path) if checksum else ""
    if checksum and not checksum.fits(found):
        raise WeightsError(
            f'"{path}" ({key}) has the SHA-256 {found}, but by its name that starts with {checksum}: it is damaged '
            "or another file. Download it again, or rename it if these digits are no checksum"
        )
    return path


def fetch(source: Pretrained, folder: Path, silence: float = SILENCE) -> Path:
    """The path of `source` in `folder`; downloads it if it is not there with the right checksum.

    The file appears under its name only when it is whole. What is interrupted is resumed, in this call or a later
    one; while another process fetches the same this one waits, and then takes what it finds.

    Args:
        source: what to get.
        folder: made if it does not exist.
        silence: seconds without an answer, or without a next piece, after which a connection is given up.

    Raises:
        DownloadError: no answer in time, a refusal, a broken or damaged download, a web page in place of the file, a
            folder that cannot be written.
    """
    target = folder / source.file
    unfinished = folder / _UNFINISHED
    try:
        if is_whole(target, source.checksum):
            return target
        with alone(unfinished / f"{target.name}.lock", f"downloading {target}"):
            if is_whole(target, source.checksum):
                return target
            file = download([source.url], unfinished / target.name, source.checksum, silence)
            foreign = foreign_content(file)
            if foreign:
                file.unlink()
                raise DownloadError(f"{source.url}: what came is {foreign}.")
            return file.replace(target)
    except OSError as error:
        raise DownloadError(f"{target}: cannot be written ({error}).") from error
