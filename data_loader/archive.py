"""Unpacking a tar archive that somebody else packed."""

import tarfile
from pathlib import Path

from data_loader.errors import DataError


def safe_extract(archive: Path, root: Path, max_bytes: int) -> None:
    """Unpacks plain files and folders of a tar archive (compressed or not) below `root`.

    Whatever could reach outside of `root` stops it: absolute paths, `..`, links of both kinds, devices. What was
    unpacked before the offending member stays: unpack into a folder of its own.

    Args:
        archive: the file.
        root: an existing folder.
        max_bytes: the sum of the unpacked sizes may not be larger (an archive can be made to fill any disk).

    Raises:
        DataError: one of these, or the archive is broken; names the member.
    """
    total = 0
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                _check_kind(archive, member)
                total += member.size
                if total > max_bytes:
                    raise DataError(f"{archive}: unpacks to more than {max_bytes} bytes; stopped at {member.name!r}.")
                tar.extract(member, root, filter="data")
    except tarfile.FilterError as error:
        raise DataError(f"{archive}: a member would leave the folder it is unpacked to: {error}") from error
    except (tarfile.TarError, EOFError, OSError, ValueError) as error:
        raise DataError(f"{archive}: cannot be unpacked ({error}). Delete it to download it again.") from error


def _check_kind(archive: Path, member: tarfile.TarInfo) -> None:
    path = Path(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise DataError(f"{archive}: the member {member.name!r} is outside of the folder it is unpacked to.")
    if not (member.isreg() or member.isdir()):
        kind = "a link" if member.issym() or member.islnk() else "a device or pipe"
        raise DataError(f"{archive}: the member {member.name!r} is {kind}; only files and folders are unpacked.")
