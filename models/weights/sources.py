"""Where weights are published, and from a name, an address or a path to a file on this machine."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from utils.checksum import Checksum

TORCHVISION = "https://download.pytorch.org/models"
"""Where torchvision publishes its weights; the file names end with the first digits of the SHA-256."""

ARRAY_SUFFIXES = (".pth", ".safetensors", ".npz")
"""Endings of the files that hold arrays by name."""

SUFFIXES = (*ARRAY_SUFFIXES, ".weights.h5", ".h5", ".hdf5")
"""Endings of all files that are read: also Keras 3's, and the older Keras' HDF5."""

_DIGITS = re.compile(r"-([0-9a-f]{8,64})\.pth$")


@dataclass(frozen=True)
class Pretrained:
    """A published file of weights.

    Attributes:
        url: where it is; the last part of its path is its name in the cache.
        checksum: the publisher's, where there is one.
    """

    url: str
    checksum: Checksum | None = None

    @property
    def file(self) -> str:
        """The file's name."""
        return unquote(urlsplit(self.url).path).rpartition("/")[2]


def torchvision(file: str) -> Pretrained:
    """A file of torchvision's; the digits at the end of its name are a checksum, also where they are all decimal."""
    digits = file.removesuffix(".pth").rpartition("-")[2]
    return Pretrained(f"{TORCHVISION}/{file}", Checksum("sha256", digits))


def at_address(url: str) -> Pretrained:
    """The file at an address from a config; its checksum may be in its name."""
    return Pretrained(url, checksum_in_name(Pretrained(url).file))


IMAGENET: Mapping[str, str] = {
    "resnet50": "resnet50-0676ba61.pth",
    "resnet101": "resnet101-63fe2227.pth",
    "resnet152": "resnet152-394f9c45.pth",
    "resnext50_32x4d": "resnext50_32x4d-7cdf4587.pth",
    "resnext101_32x8d": "resnext101_32x8d-8ba56ff5.pth",
    "mobilenet_v3_large_torchvision": "mobilenet_v3_large-8738ca79.pth",
}
"""Backbone → torchvision's first weights from ImageNet."""

IMAGENET_V2: Mapping[str, str] = {
    "resnet50": "resnet50-11ad3fa6.pth",
    "resnet101": "resnet101-cd907fc2.pth",
    "resnet152": "resnet152-f82ba261.pth",
    "resnext50_32x4d": "resnext50_32x4d-1a0047aa.pth",
    "resnext101_32x8d": "resnext101_32x8d-110c445d.pth",
    "mobilenet_v3_large_torchvision": "mobilenet_v3_large-5c1a4163.pth",
}
"""Backbone → torchvision's later weights, of a longer recipe; the ResNets' classifiers are 3 to 5 points better."""

COCO: Mapping[str, str] = {"coco": "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth"}
"""Name → a whole Mask R-CNN of torchvision, trained on COCO."""

COCO_VOC: Mapping[str, str] = {
    "resnet50": "deeplabv3_resnet50_coco-cd0a2569.pth",
    "resnet101": "deeplabv3_resnet101_coco-586e9e4e.pth",
    "mobilenet_v3_large_torchvision": "deeplabv3_mobilenet_v3_large-fc3c493d.pth",
}
"""Backbone → a whole DeepLabV3 of torchvision, trained on COCO's images with VOC's classes."""


def is_address(given: str) -> bool:
    """Whether `given` is an http or https address."""
    return given.lower().startswith(("http://", "https://"))


def has_known_suffix(given: str, suffixes: tuple[str, ...] = SUFFIXES) -> bool:
    """Whether the path or the address ends as a file of weights does."""
    return (Pretrained(given).file if is_address(given) else given).endswith(suffixes)


def checksum_in_name(name: str) -> Checksum | None:
    """The first digits of the SHA-256, where a file's name ends with `-<8 hex digits or more>.pth`.

    Decimal digits alone are taken for a date or a number, as in `pets-20261121.pth`, and not verified: of checksums of
    eight digits one in 43 is like that.
    """
    match = _DIGITS.search(name)
    return Checksum("sha256", match[1]) if match and not match[1].isdecimal() else None


def folder_of(url: str) -> Path:
    """The folder below the cache for an address from a config: two addresses may end with the same file name."""
    return Path("addresses") / hashlib.sha256(url.encode()).hexdigest()[:16]
