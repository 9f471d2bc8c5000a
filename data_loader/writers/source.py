"""What is converted: the images of all splits, each with a name of its own in the new data set."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from data_loader.cores import usable_cores
from data_loader.images import is_file, is_jpeg
from data_loader.instance_data import InstanceData
from data_loader.labels import has_background
from data_loader.layout import is_image
from data_loader.records import ImageRecord
from utils.progress import ImageProgress

_SPLITS = ("train", "val", "test")
_UNUSABLE = frozenset('/\\:*?"<>|')


@dataclass(frozen=True)
class Item:
    """An image: what is known of it, and the name of its file in the new data set, without a folder."""

    record: ImageRecord
    name: str

    @property
    def stem(self) -> str:
        """The name without its ending, which no other image has, whatever its ending is."""
        return Path(self.name).stem


@dataclass(frozen=True)
class Source:
    """A data set to write.

    Attributes:
        classes: names of the classes 1…K.
        category_ids: their ids in the data set.
        splits: name of a split → its images. An image that two splits share, with the same objects or labels, has one
            name.
        background: whether a pixel may have no class.
    """

    classes: tuple[str, ...]
    category_ids: tuple[int, ...]
    splits: Mapping[str, Sequence[Item]]
    background: bool = True

    @property
    def images(self) -> list[Item]:
        """Each image once."""
        return list({item.name: item for items in self.splits.values() for item in items}.values())

    @property
    def paths(self) -> list[Path]:
        """The file of each image."""
        return [item.record.path for item in self.images]

    @property
    def num_images(self) -> int:
        """Number of images, those of several splits once."""
        return len(self.images)

    @property
    def num_renamed(self) -> int:
        """Number of images whose file has another name than before."""
        return sum(item.name != item.record.path.name for item in self.images)


def source_of(data: InstanceData) -> Source:
    """What a prepared data set has; a test split that is the validation split is none."""
    records = {name: tuple(data.records(name)) for name in _SPLITS}
    if records["test"] == records["val"]:
        del records["test"]
    names = _Names()
    splits = {split: [Item(record, names.of(record)) for record in found] for split, found in records.items()}
    background = not data.semantic or any(map(has_background, chain.from_iterable(records.values())))
    return Source(data.classes, data.category_ids, splits, background)


def copy_image(item: Item, target: Path) -> None:
    """Copies the file of an image, byte for byte.

    A copy and no hard link: whoever edits the new data set must not change the old one.
    """
    shutil.copyfile(item.record.path, target)


def file_name(text: str) -> str:
    """A text as the name of a file or folder: without what a list, a URL or a file system cannot hold."""
    usable = (character if character.isprintable() and character not in _UNUSABLE else "_" for character in text)
    name = "".join(usable).strip()
    return f"_{name}" if not name or name.startswith(".") else name


def counted(work: Callable[[Item], Counter[str]], items: Sequence[Item]) -> Counter[str]:
    """Calls `work` for each image, in threads; the sum of what it counts."""
    lost: Counter[str] = Counter()
    with ThreadPoolExecutor(usable_cores()) as pool, ImageProgress("writing", len(items)) as progress:
        for found in pool.map(work, items):
            lost += found
            progress.advance()
    return lost


class _Names:
    """Gives file names: each image keeps its own where it can; stems differ, also where case does not count."""

    def __init__(self) -> None:
        self._given: dict[Path, list[tuple[tuple, str]]] = {}
        self._stems: set[str] = set()

    def of(self, record: ImageRecord) -> str:
        given = self._given.setdefault(record.path, [])
        annotated = (record.objects, record.labels, record.void)
        for found, name in given:
            if found == annotated:
                return name
        name = next(name for name in _candidates(record.path) if Path(name).stem.casefold() not in self._stems)
        self._stems.add(Path(name).stem.casefold())
        given.append((annotated, name))
        return name


def _candidates(path: Path) -> Iterator[str]:
    """The name, the name after that of its folder, numbered names; without what a list or a URL cannot hold.

    A file whose name does not end as an image's gets an ending, or readers that list folders would not see it.
    """
    known = is_image(path.name)
    stem, ending = (file_name(path.stem), path.suffix) if known else (file_name(path.name), _ending(path))
    folder = path.parent.name
    yield file_name(f"{stem}{ending}")
    yield file_name(f"{folder}_{stem}{ending}")
    yield from (file_name(f"{stem}_{number}{ending}") for number in count(2))


def _ending(path: Path) -> str:
    """Readers detect all other formats by the content."""
    return ".jpg" if is_file(path) and is_jpeg(path) else ".png"
