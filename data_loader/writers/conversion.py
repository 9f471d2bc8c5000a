"""convert: a data set that was read → the folder of another format."""

import logging
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from data_loader.errors import DataError
from data_loader.images import is_turned
from data_loader.instance_data import InstanceData
from data_loader.writers.coco import write_coco
from data_loader.writers.labels import write_label_folder, write_voc_labels
from data_loader.writers.mask_folder import write_mask_folder
from data_loader.writers.source import Source, source_of
from data_loader.writers.voc import write_voc
from data_loader.writers.yolo import write_yolo
from utils.registry import nearest
from utils.work_folder import remove_abandoned, work_folder

_LOGGER = logging.getLogger("maskeras")
_UNFINISHED = ".unfinished-conversion-"

FORMATS: Mapping[str, Callable[[Source, Path], Counter[str]]] = {
    "coco": write_coco,
    "yolo": write_yolo,
    "voc": write_voc,
    "mask_folder": write_mask_folder,
}
"""Name of a format → what writes objects: takes what to write and a new folder, counts what the format cannot hold."""

LABEL_FORMATS: Mapping[str, Callable[[Source, Path], Counter[str]]] = {
    "voc": write_voc_labels,
    "mask_folder": write_label_folder,
}
"""The same for labels."""


def convert(data: InstanceData, format: str, out: Path) -> list[str]:
    """Writes all splits of a data set in another format.

    The images are copied byte for byte. Masks are the same to the pixel wherever the format can hold them.

    Args:
        data: prepared; its choice of classes, of images and of splits is what is written.
        format: a key of `FORMATS`.
        out: a folder that does not exist or is empty. It appears whole or not at all.

    Returns:
        What the format cannot hold, a line `3 × what: why` for each kind; empty where nothing is lost.

    Raises:
        DataError: there is no such format, `out` has files, the format cannot hold these data at all, or
            something cannot be read or written.
    """
    if format not in FORMATS:
        near = nearest(format, FORMATS)
        hint = f' did you mean "{near}"?' if near else ""
        raise DataError(f'there is no writer of a format "{format}";{hint} choices: {", ".join(FORMATS)}.')
    writers = LABEL_FORMATS if data.semantic else FORMATS
    if format not in writers:
        raise DataError(
            f'"{format}" has objects and no labels, and data.task is "semantic": write {" or ".join(writers)}, or read '
            "the data with data.task=instance."
        )
    _check_free(out)
    _check_apart(out, data)
    source = source_of(data)
    _LOGGER.info("Writing %d images in the format %s in %s …", source.num_images, format, out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _check_space(source.paths, out.parent)
        remove_abandoned(out.parent, _UNFINISHED)
        with work_folder(out.parent, _UNFINISHED) as temporary:
            folder = temporary / "data"
            folder.mkdir()
            lost = writers[format](source, folder)
            folder.rename(out)
    except OSError as error:
        raise DataError(f"{out}: the data set could not be written ({error}), and nothing of it is left.") from error
    return [f"{count} × {what}" for what, count in (lost + _lost_anyway(source, data)).items()]


def _check_free(out: Path) -> None:
    if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        raise DataError(f"{out}: is there already; name a folder that does not exist or is empty.")


def _check_apart(out: Path, data: InstanceData) -> None:
    """A copy inside of the data set would be read with it the next time."""
    root = getattr(data.config, "root", None)
    if root is not None and out.resolve().is_relative_to(Path(root).resolve()):
        raise DataError(f"{out}: is inside of {root}, the data set itself; name a folder outside of it.")


def _check_space(paths: Sequence[Path], parent: Path) -> None:
    needed, free = sum(path.stat().st_size for path in paths), shutil.disk_usage(parent).free
    if needed > free:
        raise DataError(f"{parent}: the images need {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free.")


def _lost_anyway(source: Source, data: InstanceData) -> Counter[str]:
    """What no format keeps, or what readers of any format may see in another way."""
    turned = "image turned by its EXIF orientation: its masks fit it as it is shown; readers must turn it too"
    renamed = "image with a new name: another one has its name, or its name does not fit everywhere"
    lost = Counter({turned: sum(map(is_turned, source.paths)), renamed: source.num_renamed})
    for broken in data.broken:
        lost[f"{broken.what}, broken and left out when the data set was read"] += len(broken.items)
    return +lost
