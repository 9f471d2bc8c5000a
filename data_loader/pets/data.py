"""PetsData: Oxford-IIIT Pet from its folder, downloaded, or synthetic."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from base import rle
from data_loader.errors import DataError
from data_loader.instance_data import InstanceData
from data_loader.pets.breeds import BREEDS, SPECIES, species_of
from data_loader.pets.config import PetsConfig, SyntheticConfig
from data_loader.pets.fetch import fetch_pets
from data_loader.pets.index import Entry, Pet, missing_parts
from data_loader.pets.index_cache import load_index
from data_loader.pets.synthetic import is_synthetic, synthetic_root, write_synthetic_pets
from data_loader.records import ImageRecord, ObjectRecord
from data_loader.validation import Broken, report_bad

_LOGGER = logging.getLogger("maskeras")


class PetsData(InstanceData):
    """Oxford-IIIT Pet with its official splits, or synthetic pets where it is unavailable.

    The validation split is taken from `trainval`; `test` is the official one.

    Args:
        config: the section `data`.
        seed: the seed of the run; the splits depend on `config.split_seed` alone.
    """

    config: PetsConfig
    config_class = PetsConfig

    def __init__(self, config: PetsConfig, seed: int):
        super().__init__(config, seed)
        self._records: dict[str, tuple[ImageRecord, ...]] | None = None
        self._breeds: dict[str, tuple[int, ...]] = {}
        self._synthetic = config.source == "synthetic"

    @property
    def classes(self) -> tuple[str, ...]:
        """37 breeds, ("cat", "dog"), ("pet",) or ("pet", "border")."""
        return {"breed": BREEDS, "species": SPECIES, "pet": ("pet",), "trimap": ("pet", "border")}[self.config.classes]

    @property
    def display_name(self) -> str:
        """`oxford-iiit-pet` or `synthetic-pets`: known after `prepare()`."""
        return "synthetic-pets" if self._synthetic else "oxford-iiit-pet"

    @property
    def synthetic(self) -> bool:
        """Whether the images are generated: known after `prepare()`."""
        return self._synthetic

    @property
    def present(self) -> bool:
        """Whether the images are in their folder: the synthetic ones only where `data.source` asks for these."""
        if self.config.source == "synthetic":
            return synthetic_root(self._synthetic_section).is_dir()
        return not missing_parts(self.config.root)

    def prepare(self) -> None:
        """Finds, downloads or generates the images, looks at each file once and makes the splits.

        Raises:
            DataError: the data are unavailable, or too many of them are broken.
        """
        root = self._find()
        index = load_index(root, self.config.cache)
        self.broken = (Broken("images", index.bad, index.total),)
        report_bad(index.bad, index.total, self.config.max_bad_fraction)
        splits = split_entries(index.entries, self.config.val_fraction, self.config.split_seed)
        ids = {entry.name: number for number, entry in enumerate(index.entries, 1)}
        self._records = {
            split: tuple(self._record(root, entry, ids[entry.name]) for entry in entries)
            for split, entries in splits.items()
        }
        self._breeds = {
            split: tuple(pet.breed for entry in entries for pet in entry.pets) for split, entries in splits.items()
        }
        empty = [split for split, entries in splits.items() if not entries]
        if empty:
            raise DataError(f"{root}: no usable image for {' and '.join(empty)}. Look at annotations/*.txt there.")
        counts = ", ".join(f"{split} {len(records)}" for split, records in self._records.items())
        _LOGGER.info("%s in %s: %s", self.display_name, root, counts)

    def records(self, split: str) -> Sequence[ImageRecord]:
        """The images of a split; `prepare()` comes first."""
        if self._records is None:
            raise RuntimeError("PetsData knows its images only after prepare(): call that first.")
        if split not in self._records:
            raise ValueError(f"There is no split {split!r}: take {', '.join(self._records)}.")
        return self._records[split]

    def namings(self, split: str) -> dict[str, dict[str, int]]:
        """The pets of a split by species and by breed, whichever of these are the classes."""
        breeds = Counter(self._breeds[split])
        species = Counter(species_of(breed) for breed in breeds.elements())
        return {
            "species": {name: species[number] for number, name in enumerate(SPECIES, 1)},
            "breed": {name: breeds[number] for number, name in enumerate(BREEDS, 1)},
        }

    def _find(self) -> Path:
        """The folder to read, which is there when this returns."""
        root = self.config.root
        missing = missing_parts(root)
        if self.config.source == "oxford" and not missing:
            self._synthetic = is_synthetic(root)
            return root
        if self._synthetic:
            return self._generate()
        _LOGGER.info("%s has no %s: downloading Oxford-IIIT Pet to there.", root, ", ".join(missing))
        try:
            fetch_pets(root, self.config.download)
        except DataError as error:
            if self.config.offline == "error":
                raise DataError(
                    f"Oxford-IIIT Pet is not in {root.resolve()} (missing: {', '.join(missing)}) and cannot be "
                    f'downloaded: {error}\nPut it there, set data.root, or allow data.offline = "synthetic".'
                ) from error
            _LOGGER.warning(_banner(root, str(error)))
            self._synthetic = True
            return self._generate()
        return root

    def _generate(self) -> Path:
        """The folder of the synthetic pets."""
        return write_synthetic_pets(self._synthetic_section)

    @property
    def _synthetic_section(self) -> SyntheticConfig:
        """No image has more animals than the capacity of a batch."""
        synthetic = self.config.synthetic
        most = min(synthetic.max_animals, self.config.max_objects)
        return synthetic.model_copy(update={"max_animals": most})

    def _record(self, root: Path, entry: Entry, image_id: int) -> ImageRecord:
        objects = tuple(item for pet in entry.pets for item in self._objects(pet))
        return ImageRecord(root / "images" / f"{entry.name}.jpg", image_id, entry.height, entry.width, objects)

    def _objects(self, pet: Pet) -> list[ObjectRecord]:
        """The pet; as the trimap has it, its sure pixels and its border."""
        if self.config.classes == "trimap":
            parts = enumerate((pet.pet, pet.border), 1)
            return [ObjectRecord(number, part) for number, part in parts if rle.area(part)]
        category = {"breed": pet.breed, "species": species_of(pet.breed), "pet": 1}[self.config.classes]
        if self.config.border == "background":
            return [ObjectRecord(category, pet.pet)]
        ignored = pet.border if self.config.border == "ignore" and rle.area(pet.border) else None
        return [ObjectRecord(category, rle.union([pet.pet, pet.border]), ignored)]


def split_entries(entries: Sequence[Entry], val_fraction: float, seed: int) -> dict[str, list[Entry]]:
    """Divides `trainval` into `train` and `val`; `test` stays what it is.

    The images are shuffled within their breeds, the breeds put behind one another, and images at even distances
    taken: so each breed gives its part to within one image, also where there are fewer images than breeds.
    """
    trainval = [entry for entry in entries if entry.list_name == "trainval"]
    rows = []
    for breed in sorted({entry.breed for entry in trainval}):
        names = sorted(entry.name for entry in trainval if entry.breed == breed)
        rows += list(np.random.default_rng((seed, breed)).permutation(names))
    count = min(max(1, round(val_fraction * len(rows))), max(0, len(rows) - 1))
    chosen = {rows[int((i + 0.5) * len(rows) / count)] for i in range(count)}
    return {
        "train": [entry for entry in trainval if entry.name not in chosen],
        "val": [entry for entry in trainval if entry.name in chosen],
        "test": [entry for entry in entries if entry.list_name == "test"],
    }


def _banner(root: Path, reason: str) -> str:
    lines = [
        "THESE ARE NOT REAL IMAGES",
        f"Oxford-IIIT Pet is not in {root.resolve()}",
        f"and cannot be downloaded: {' '.join(reason.split())}",
        "The run continues with SYNTHETIC pets (synthetic-pets); its metrics say nothing about real ones.",
        'Set data.root to a copy, or data.offline = "error" to stop here instead.',
    ]
    edge = "!" * 100
    return "\n".join(["", edge, *(f"!!  {line}" for line in lines), edge])
