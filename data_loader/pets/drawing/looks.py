"""What each of the 37 breeds looks like when it is painted."""

from dataclasses import dataclass
from typing import Literal

Color = tuple[int, int, int]
"""RGB, 0…255."""


@dataclass(frozen=True)
class Look:
    """A coat and a build.

    Attributes:
        base: the coat's color.
        second: the color of stripes, spots, patches, the saddle or the points.
        pattern: how the two are spread.
        white: white chest, paws and blaze.
        ears: cats have "pointed", "large" or "small" ones, dogs hanging "floppy" or "long" ones or upright "fox" ones.
        eyes: color of the iris.
        fluff: 0 short-haired … 1 a ball of wool.
        legs: length of the legs, 1 is usual.
        dark_muzzle: a dark mask around the nose.
        size: height beside the others, 1 is usual.
    """

    base: Color
    second: Color
    pattern: Literal["plain", "stripes", "spots", "patches", "saddle", "points", "ticked"]
    ears: Literal["pointed", "large", "small", "floppy", "long", "fox"]
    eyes: Color = (70, 42, 24)
    white: bool = False
    fluff: float = 0.1
    legs: float = 1.0
    dark_muzzle: bool = False
    size: float = 1.0


_GREEN, _AMBER, _BLUE, _COPPER = (126, 176, 86), (222, 170, 60), (88, 164, 222), (196, 112, 44)
_WHITE, _CREAM, _BLACK = (246, 244, 238), (236, 218, 186), (42, 40, 44)

LOOKS: tuple[Look, ...] = (
    Look((190, 118, 64), (128, 70, 34), "ticked", "large", _GREEN),  # Abyssinian
    Look(_WHITE, (170, 120, 82), "patches", "floppy", size=1.05, legs=0.85),  # american_bulldog
    Look((96, 104, 122), (70, 76, 92), "plain", "floppy", white=True),  # american_pit_bull_terrier
    Look(_WHITE, (150, 84, 42), "patches", "long", legs=0.5),  # basset_hound
    Look((206, 142, 78), (52, 42, 40), "saddle", "long", white=True, size=0.85),  # beagle
    Look((214, 152, 76), (84, 46, 22), "spots", "pointed", _GREEN),  # Bengal
    Look(_CREAM, (96, 66, 52), "points", "pointed", _BLUE, white=True, fluff=0.6),  # Birman
    Look((36, 34, 40), (36, 34, 40), "plain", "pointed", _AMBER),  # Bombay
    Look((190, 116, 58), (190, 116, 58), "plain", "floppy", white=True, dark_muzzle=True, size=1.05),  # boxer
    Look((118, 130, 150), (118, 130, 150), "plain", "small", _COPPER, fluff=0.3),  # British_Shorthair
    Look((226, 178, 120), (226, 178, 120), "plain", "fox", size=0.75),  # chihuahua
    Look((172, 170, 164), (58, 56, 58), "spots", "pointed", _GREEN),  # Egyptian_Mau
    Look((204, 134, 62), (204, 134, 62), "plain", "long", fluff=0.5),  # english_cocker_spaniel
    Look(_WHITE, (52, 52, 60), "ticked", "long", fluff=0.4, size=1.05),  # english_setter
    Look((104, 62, 40), (220, 206, 190), "spots", "floppy", size=1.05),  # german_shorthaired
    Look((250, 246, 234), (250, 246, 234), "plain", "floppy", fluff=0.8, size=1.15),  # great_pyrenees
    Look((224, 196, 150), (150, 112, 78), "patches", "long", fluff=0.8, size=0.8),  # havanese
    Look(_WHITE, _BLACK, "patches", "long", fluff=0.6, size=0.8),  # japanese_chin
    Look((150, 148, 146), (62, 60, 64), "saddle", "fox", fluff=0.9, dark_muzzle=True),  # keeshond
    Look((186, 122, 60), (186, 122, 60), "plain", "floppy", fluff=0.7, dark_muzzle=True, size=1.15),  # leonberger
    Look((144, 104, 70), (66, 46, 34), "stripes", "large", _GREEN, white=True, fluff=0.8, size=1.1),  # Maine_Coon
    Look((40, 36, 38), (172, 96, 44), "points", "fox", size=0.8),  # miniature_pinscher
    Look((50, 44, 44), (50, 44, 44), "plain", "floppy", fluff=0.8, size=1.15),  # newfoundland
    Look((240, 226, 206), (222, 190, 150), "plain", "small", _COPPER, fluff=1.0),  # Persian
    Look((226, 140, 62), (246, 206, 150), "plain", "fox", fluff=1.0, size=0.8),  # pomeranian
    Look((218, 184, 138), (218, 184, 138), "plain", "floppy", dark_muzzle=True, legs=0.7, size=0.85),  # pug
    Look((238, 234, 228), (138, 122, 116), "points", "pointed", _BLUE, fluff=0.8),  # Ragdoll
    Look((106, 120, 142), (106, 120, 142), "plain", "large", _GREEN),  # Russian_Blue
    Look(_WHITE, (156, 78, 40), "patches", "floppy", fluff=0.5, dark_muzzle=True, size=1.15),  # saint_bernard
    Look((252, 250, 246), (252, 250, 246), "plain", "fox", fluff=1.0),  # samoyed
    Look((48, 48, 54), (48, 48, 54), "plain", "fox", fluff=0.5, legs=0.55, size=0.85),  # scottish_terrier
    Look((216, 128, 58), (216, 128, 58), "plain", "fox", white=True, fluff=0.3),  # shiba_inu
    Look((230, 212, 182), (64, 46, 40), "points", "large", _BLUE),  # Siamese
    Look((234, 182, 162), (210, 150, 132), "plain", "large", _AMBER, fluff=0.0),  # Sphynx
    Look((124, 88, 60), (66, 46, 36), "stripes", "floppy", white=True, size=0.95),  # staffordshire_bull_terrier
    Look((228, 190, 128), (228, 190, 128), "plain", "floppy", fluff=0.7),  # wheaten_terrier
    Look((196, 134, 70), (78, 86, 108), "saddle", "fox", fluff=0.7, size=0.75),  # yorkshire_terrier
)
"""The looks of the class ids 1…37."""
