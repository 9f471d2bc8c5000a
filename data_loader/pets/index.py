"""One look at every file of a data set in Oxford's layout: what can be used, what is broken, and the masks as RLE.

The layout, below the root:

    images/NAME.jpg                 an image, of whatever kind
    annotations/trainval.txt        NAME CLASS-ID SPECIES BREED-ID, a line per image; # starts a comment
    annotations/test.txt
    annotations/trimaps/NAME.png    1 pet, 2 background, 3 border
    annotations/instances/NAME.png  0 none, i the pixels of the i-th pet, its border included     (not in Oxford's)
    annotations/instances.txt       NAME i CLASS-ID SPECIES BREED-ID, a line per pet              (not in Oxford's)

Oxford's images have one pet each; the two last ones extend the layout to several. An image named in
`instances.txt` has the pets of its lines there, any other image the one pet of its trimap.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from base import rle
from base.rle import Rle
from data_loader.cores import usable_cores
from data_loader.errors import DataError
from data_loader.images import read_bytes, read_rgb
from data_loader.mask_images import read_mask
from data_loader.pets.breeds import ListLine, parse_list_line
from data_loader.validation import BadItem

LISTS = ("trainval", "test")
PET, BACKGROUND, BORDER = 1, 2, 3


@dataclass(frozen=True)
class Pet:
    """One animal: its class id 1…37, its sure pixels and those of its border."""

    breed: int
    pet: Rle
    border: Rle


@dataclass(frozen=True)
class Entry:
    """One usable image of a list; `breed` is that of its line."""

    name: str
    list_name: str
    breed: int
    height: int
    width: int
    pets: tuple[Pet, ...]


@dataclass(frozen=True)
class PetsIndex:
    """The usable images in the order of the lists, the broken ones, and how many there are in all."""

    entries: tuple[Entry, ...]
    bad: tuple[BadItem, ...]
    total: int


Several = list[tuple[int, int]] | BadItem
"""The pets of one image as (value in the instance image, class id); or why they are not known."""


class _Broken(Exception):
    """Why an image is left out."""

    def __init__(self, where: str, kind: str, reason: str):
        super().__init__(kind)
        self.item = BadItem(where, kind, reason)


def missing_parts(root: Path) -> list[str]:
    """What a data set in Oxford's layout needs and `root` has not."""
    needed = ["images", "annotations/trimaps", *(f"annotations/{name}.txt" for name in LISTS)]
    return [part for part in needed if not (root / part).exists()]


def build_index(root: Path) -> PetsIndex:
    """Reads and decodes every listed image and mask, with as many threads as there are usable cores.

    Raises:
        DataError: a list file is missing or cannot be read.
    """
    lines, bad = _listed(root)
    several = _several_pets(root)
    listed = {line.name for _, line in lines}
    bad += [item for name, item in several.items() if isinstance(item, BadItem) and name not in listed]
    with ThreadPoolExecutor(usable_cores()) as pool:
        looked = list(pool.map(lambda item: _look(root, item[0], item[1], several.get(item[1].name)), lines))
    entries = tuple(item for item in looked if isinstance(item, Entry))
    bad += [item for item in looked if isinstance(item, BadItem)]
    return PetsIndex(entries, tuple(bad), len(entries) + len(bad))


def _listed(root: Path) -> tuple[list[tuple[str, ListLine]], list[BadItem]]:
    """(list, line) of all good lines, each image once, and the bad ones."""
    good: list[tuple[str, ListLine]] = []
    bad: list[BadItem] = []
    first: dict[str, str] = {}
    for list_name in LISTS:
        for where, text in _lines(root / "annotations" / f"{list_name}.txt"):
            try:
                line = parse_list_line(text)
            except ValueError as error:
                bad.append(BadItem(where, "garbage line", str(error)))
                continue
            if line.name in first:
                bad.append(BadItem(where, "listed twice", f"{line.name} is in {first[line.name]} already"))
                continue
            first[line.name] = where
            good.append((list_name, line))
    return good, bad


def _several_pets(root: Path) -> dict[str, Several]:
    """Name → (value in the instance image, class id) of each pet, or the line of garbage among them."""
    several: dict[str, Several] = {}
    path = root / "annotations" / "instances.txt"
    for where, text in _lines(path) if path.exists() else ():
        name, _, rest = text.partition(" ")
        value, _, numbers = rest.partition(" ")
        try:
            pet = int(value), parse_list_line(f"{name} {numbers}").breed
        except ValueError as error:
            several[name] = BadItem(where, "garbage line", str(error))
            continue
        known = several.setdefault(name, [])
        if isinstance(known, list):
            known.append(pet)
    return several


def _lines(path: Path) -> Iterable[tuple[str, str]]:
    """("name:number", text) of the lines that are neither empty nor a comment."""
    text = read_bytes(path).decode("utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            yield f"{path.name}:{number}", line.strip()


def _look(root: Path, list_name: str, line: ListLine, several: Several | None) -> Entry | BadItem:
    if isinstance(several, BadItem):
        return several
    try:
        size = _image_size(root / "images" / f"{line.name}.jpg")
        pets = _pets(root / "annotations", line, size, several)
    except _Broken as broken:
        return broken.item
    return Entry(line.name, list_name, line.breed, *size, tuple(pets))


def _pets(annotations: Path, line: ListLine, size: tuple[int, int], several: list[tuple[int, int]] | None) -> list[Pet]:
    trimap = _mask(annotations / "trimaps" / f"{line.name}.png", size, {PET, BACKGROUND, BORDER})
    if several is None:
        return [_pet(line.name, line.breed, trimap == PET, trimap == BORDER)]
    values = _mask(annotations / "instances" / f"{line.name}.png", size, {0, *(value for value, _ in several)})
    pets = []
    for value, breed in several:
        of_pet = values == value
        pets.append(_pet(f"{line.name} pet {value}", breed, of_pet & (trimap == PET), of_pet & (trimap == BORDER)))
    return pets


def _image_size(path: Path) -> tuple[int, int]:
    if not path.exists():
        raise _Broken(path.name, "image missing", f"there is no {path}")
    try:
        image = read_rgb(path)
    except DataError as error:
        raise _Broken(path.name, "image does not decode", str(error)) from error
    return image.shape[0], image.shape[1]


def _mask(path: Path, size: tuple[int, int], allowed: set[int]) -> np.ndarray:
    if not path.exists():
        raise _Broken(path.name, "mask missing", f"there is no {path}")
    try:
        mask = read_mask(path)
    except DataError as error:
        raise _Broken(path.name, "mask does not decode", str(error)) from error
    if mask.shape != size:
        raise _Broken(path.name, "mask of another size", f"mask {mask.shape}, image {size} (height, width)")
    others = sorted(set(np.unique(mask).tolist()) - allowed)
    if others:
        shown = ", ".join(map(str, others[:5])) + (" …" if len(others) > 5 else "")
        raise _Broken(path.name, "mask with other values", f"{shown}; allowed are {sorted(allowed)}")
    return mask


def _pet(name: str, breed: int, pet: np.ndarray, border: np.ndarray) -> Pet:
    if not pet.any():
        raise _Broken(f"{name}.png", "empty mask", f"no pixel of the trimap is {PET} (pet)")
    return Pet(breed, rle.encode(pet), rle.encode(border))
