"""The 37 breeds of Oxford-IIIT Pet in the order of its class ids."""

from dataclasses import dataclass

SPECIES = ("cat", "dog")
"""Species 1 and 2 of the list files."""

_CATS = frozenset(
    [
        "Abyssinian",
        "Bengal",
        "Birman",
        "Bombay",
        "British_Shorthair",
        "Egyptian_Mau",
        "Maine_Coon",
        "Persian",
        "Ragdoll",
        "Russian_Blue",
        "Siamese",
        "Sphynx",
    ]
)

BREEDS = (
    "Abyssinian",
    "american_bulldog",
    "american_pit_bull_terrier",
    "basset_hound",
    "beagle",
    "Bengal",
    "Birman",
    "Bombay",
    "boxer",
    "British_Shorthair",
    "chihuahua",
    "Egyptian_Mau",
    "english_cocker_spaniel",
    "english_setter",
    "german_shorthaired",
    "great_pyrenees",
    "havanese",
    "japanese_chin",
    "keeshond",
    "leonberger",
    "Maine_Coon",
    "miniature_pinscher",
    "newfoundland",
    "Persian",
    "pomeranian",
    "pug",
    "Ragdoll",
    "Russian_Blue",
    "saint_bernard",
    "samoyed",
    "scottish_terrier",
    "shiba_inu",
    "Siamese",
    "Sphynx",
    "staffordshire_bull_terrier",
    "wheaten_terrier",
    "yorkshire_terrier",
)
"""Names of the class ids 1…37."""


_LONGEST_NAME = 200
"""Characters; file systems take 255 bytes, the ending included."""


@dataclass(frozen=True)
class ListLine:
    """A line of `list.txt`, `trainval.txt` or `test.txt`: `NAME CLASS-ID SPECIES BREED-ID`."""

    name: str
    breed: int


def species_of(breed: int) -> int:
    """Class id 1…37 → 1 for a cat, 2 for a dog."""
    return 1 if BREEDS[breed - 1] in _CATS else 2


def id_in_species(breed: int) -> int:
    """Class id 1…37 → the number among the breeds of its species, from 1: the last field of a list line."""
    return sum(species_of(other) == species_of(breed) for other in range(1, breed + 1))


def list_line(name: str, breed: int) -> str:
    """Writes a line of a list file, without its end."""
    return f"{name} {breed} {species_of(breed)} {id_in_species(breed)}"


def parse_list_line(line: str) -> ListLine:
    """Reads a line of a list file.

    Raises:
        ValueError: not four fields, a name with a path in it, a class id outside of 1…37, or another species than the
            class id's.
    """
    fields = line.split()
    if len(fields) != 4:
        raise ValueError(f"{len(fields)} fields instead of NAME CLASS-ID SPECIES BREED-ID in {line[:80]!r}")
    name, *numbers = fields
    if not all(number.isascii() and number.isdigit() for number in numbers):
        raise ValueError(f"the last three fields are no whole numbers in {line[:80]!r}")
    breed, species = int(numbers[0]), int(numbers[1])
    if not 1 <= breed <= len(BREEDS):
        raise ValueError(f"class id {breed} is not in 1…{len(BREEDS)} in {line[:80]!r}")
    if species != species_of(breed):
        raise ValueError(f"species {species} is not that of class id {breed} ({BREEDS[breed - 1]}) in {line[:80]!r}")
    if "/" in name or "\\" in name or name.startswith(".") or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise ValueError(f"{name[:80]!r} is no name of an image")
    return ListLine(name, breed)
