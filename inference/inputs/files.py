"""Image files: one, several, those below a folder, those of a glob, those of a list."""

import glob
import os
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import cv2

from inference.inputs.item import ImageInputs, Item
from inference.inputs.names import unique_stems, well_formed
from inference.remote import is_url
from utils.errors import UserError

IMAGE_ENDINGS = frozenset(
    (".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".avif", ".jp2", ".ppm", ".pgm", ".pnm")
)
VIDEO_ENDINGS = frozenset((".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv"))


SETTINGS = "predict.json"
"""The file that tells a folder of results, which is not searched; see `inference.job.folder`."""


class InputError(UserError):
    """There is nothing to predict at the place that was named: says what was looked for, and what to do."""


def folder_images(folder: Path, left_out: Path | None = None) -> ImageInputs:
    """The images below a folder, sorted by their paths; hidden ones and folders of results are passed over.

    A file counts as an image by its ending, whatever it holds, or else by its first bytes.

    Args:
        folder: that is searched, with all folders below it.
        left_out: a folder that is not searched: that of the results.

    Raises:
        InputError: there is none.
    """
    found = []
    for parent, folders, files in os.walk(folder):
        here = Path(parent)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not _of_results(here / name, left_out)
        )
        found += [here / name for name in files if not name.startswith(".") and _is_image(here / name)]
    if not found:
        raise InputError(f"There is no image below {folder}: {_found_instead(folder)}")
    return _of_paths(
        str(folder.absolute()), sorted(found, key=lambda path: path.relative_to(folder).as_posix()), folder
    )


def glob_images(pattern: str, left_out: Path | None = None) -> ImageInputs:
    """The files that fit a pattern, sorted; `**` stands for folders at any depth, but for those of results.

    Args:
        pattern: what is typed.
        left_out: as in `folder_images`: what a prediction has written is no input when it is resumed.

    Raises:
        InputError: none fits.
    """
    paths = [Path(name) for name in glob.glob(pattern, recursive=True)]  # noqa: PTH207 - Path takes no absolute pattern
    root = Path(*takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts))
    results = {parent for path in paths for parent in path.parents if root in parent.parents}
    results = {parent for parent in results if _of_results(parent, left_out)}
    found = [path for path in paths if path.is_file() and not results.intersection(path.parents)]
    files = sorted(found, key=lambda path: path.as_posix())
    if not files:
        raise InputError(f"No file fits {pattern!r}, seen from {Path.cwd()}: correct the pattern, or quote it.")
    return _of_paths(str(Path(pattern).absolute()), files, _common_folder(files))


def listed_images(title: str, names: Sequence[str], base: Path) -> ImageInputs:
    """Images by path or address, in the order of the list; one that is named twice is taken once.

    Args:
        title: what is predicted.
        names: paths, relative to `base` or absolute, and addresses.
        base: a folder.

    Raises:
        InputError: the list is empty, or none of its files exists.
    """
    sources = [name if is_url(name) else base / Path(name).expanduser() for name in dict.fromkeys(names)]
    paths = [source for source in sources if isinstance(source, Path)]
    if not sources:
        raise InputError(f"{title} names no image: write one path or address in each line.")
    if len(paths) == len(sources) and not any(path.is_file() for path in paths):
        raise InputError(f"{title}: none of its {len(paths)} files exists, as {paths[0]}; paths start from {base}.")
    folder = _common_folder(paths)
    shown = [_relative(source, folder) if isinstance(source, Path) else source for source in sources]
    stems = unique_stems([_address_path(name) if is_url(name) else name for name in shown])
    rows = zip(map(well_formed, shown), stems, sources, strict=True)
    return ImageInputs(title, [Item(*row[:2], number, row[2]) for number, row in enumerate(rows, 1)])


def read_list(path: Path) -> list[str]:
    """The lines of a text file, without empty ones and those that start with `#`.

    Raises:
        InputError: it is no text.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a list of images, one in each line ({error}).") from error
    return [line for line in lines if line and not line.startswith("#")]


def _of_paths(title: str, paths: Sequence[Path], folder: Path) -> ImageInputs:
    names = [_relative(path, folder) for path in paths]
    rows = zip(map(well_formed, names), unique_stems(names), paths, strict=True)
    return ImageInputs(title, [Item(*row[:2], number, row[2]) for number, row in enumerate(rows, 1)])


def _is_image(path: Path) -> bool:
    if path.suffix.lower() in IMAGE_ENDINGS:
        return True
    try:
        return path.is_file() and path.suffix.lower() not in VIDEO_ENDINGS and cv2.haveImageReader(str(path))
    except (cv2.error, OSError):
        return False


def _found_instead(folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file()]
    if not files:
        return "it holds no file at all."
    videos = sum(path.suffix.lower() in VIDEO_ENDINGS for path in files)
    hint = f" Name each of its {videos} videos by itself." if videos else ""
    return f"of its {len(files)} files none has an ending or a content of images.{hint}"


def _of_results(folder: Path, left_out: Path | None) -> bool:
    return (folder / SETTINGS).is_file() or (left_out is not None and folder.resolve() == left_out.resolve())


def _common_folder(paths: Sequence[Path]) -> Path:
    """The deepest folder that all files are below; the current one without files."""
    return Path(os.path.commonpath([path.absolute().parent for path in paths])) if paths else Path.cwd()


def _relative(path: Path, folder: Path) -> str:
    return path.absolute().relative_to(folder.absolute()).as_posix()


def _address_path(url: str) -> str:
    """`https://example.org:80/a/b.jpg?size=1` → `example.org:80/a/b.jpg`, with the query before the ending."""
    try:
        address = urlsplit(url)
    except ValueError:  # fetching it says what is wrong
        return url
    path = PurePosixPath(address.path.lstrip("/"))
    path = path if path.name else PurePosixPath("index")
    query = f"_{address.query.replace('/', '_')}" if address.query else ""
    return f"{address.netloc.rpartition('@')[2]}/{path.with_suffix('')}{query}{path.suffix}"
