"""The images of all splits, read by threads: usable records, and what is left out with its reason."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Generic, Protocol, TypeVar

from data_loader.annotated import Annotated
from data_loader.cores import usable_cores
from data_loader.errors import DataError
from data_loader.records import ImageRecord
from data_loader.validation import BadItem, Broken, UnusableError


class _Sortable(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...


Item = TypeVar("Item", bound=_Sortable)
Given = TypeVar("Given")
Result = TypeVar("Result")
_KIND = "broken image or mask"


@dataclass(frozen=True)
class Looked:
    """What is known of an image after a look at its files.

    Attributes:
        record: the image with its usable objects.
        labels: the names of their classes, where the format has no ids; the categories in `record` do not count then.
        broken: annotations that were left out.
        annotations: how many there are, the broken ones included.
    """

    record: ImageRecord
    labels: Sequence[str] | None = None
    broken: Sequence[BadItem] = ()
    annotations: int = 0


@dataclass(frozen=True)
class Source(Generic[Item]):
    """How the images of a data set are read.

    Attributes:
        splits: the images of each split, as their names or paths; an image in several splits is read once.
        look: an image and its id → what it has. Raises `DataError` where the image cannot be used.
        name: of an image, in messages.
        categories: id → name; None: the sorted labels of the objects are numbered from 1.
        broken: images that are known to be broken before.
        void: see `Annotated.void`.
    """

    splits: Mapping[str, Sequence[Item]]
    look: Callable[[Item, int], Looked]
    name: Callable[[Item], str]
    categories: Mapping[int, str] | None = None
    broken: Sequence[BadItem] = ()
    void: Collection[int] = ()

    def read(self) -> Annotated:
        """Reads every image once, with as many threads as there are usable cores.

        Ids of images count from 1 in the order of the names.

        Raises:
            DataError: no object has a label where labels make the categories.
        """
        every = sorted({item for found in self.splits.values() for item in found})
        with ThreadPoolExecutor(usable_cores()) as pool:
            looked = dict(zip(every, pool.map(self._looked, every, count(1)), strict=True))
        usable = {item: found for item, found in looked.items() if isinstance(found, Looked)}
        categories = _by_labels(usable.values()) if self.categories is None else self.categories
        numbers = {label: number for number, label in categories.items()}
        records = {item: _numbered(found, numbers) for item, found in usable.items()}
        splits = {name: [records[item] for item in found if item in records] for name, found in self.splits.items()}
        return Annotated(categories, splits, self._broken([*looked.values()]), self.void)

    def _looked(self, item: Item, number: int) -> Looked | BadItem:
        try:
            return self.look(item, number)
        except DataError as error:
            return BadItem(self.name(item), error.kind if isinstance(error, UnusableError) else _KIND, str(error))

    def _broken(self, looked: Sequence[Looked | BadItem]) -> tuple[Broken, ...]:
        images = [*self.broken, *(found for found in looked if isinstance(found, BadItem))]
        usable = [found for found in looked if isinstance(found, Looked)]
        annotations = [item for found in usable for item in found.broken]
        return (
            Broken("images", images, len(self.broken) + len(looked)),
            Broken("annotations", annotations, sum(found.annotations for found in usable)),
        )


def usable(
    items: Iterable[Given], read: Callable[[Given], Result], name: Callable[[int], str]
) -> tuple[list[Result], list[BadItem]]:
    """What can be made of the annotations of an image, and those that are left out.

    Args:
        items: the annotations.
        read: makes something of one; raises `UnusableError` where it cannot.
        name: position, from 1 → what a message calls the annotation.
    """
    found, broken = [], []
    for position, item in enumerate(items, 1):
        try:
            found.append(read(item))
        except UnusableError as error:
            broken.append(BadItem(name(position), error.kind, str(error)))
    return found, broken


def _by_labels(looked: Iterable[Looked]) -> dict[int, str]:
    labels = sorted({label for found in looked for label in found.labels or ()})
    if not labels:
        raise DataError("no usable image has an object, so there are no classes.")
    return dict(enumerate(labels, 1))


def _numbered(found: Looked, numbers: Mapping[str, int]) -> ImageRecord:
    if found.labels is None:
        return found.record
    objects = zip(found.record.objects, found.labels, strict=True)
    return replace(found.record, objects=tuple(replace(item, category=numbers[label]) for item, label in objects))
