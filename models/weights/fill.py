"""Fills a network from a file of weights and verifies that each arrived: every array by name, or none at all."""

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

import h5py
import keras
import numpy as np

from base.variables import LoadReport, load_network_arrays, named_variables
from models.layers.batch_norm import batch_norms
from models.weights.design import MASK_RCNN, OWN_PARTS, PARTS
from models.weights.errors import WeightsError
from models.weights.files import check_swelling, foreign_content, read_arrays
from models.weights.identify import backbone_of
from models.weights.sources import ARRAY_SUFFIXES
from models.weights.torchvision import torchvision_arrays
from utils.checksum import Checksum

_OTHERS = (*OWN_PARTS, *PARTS)
"""What no backbone has: it does not show which backbone the file holds."""

_WITHOUT_EPSILON = Checksum("sha256", "bf2d0c1e")
"""torchvision's first Mask R-CNN: trained when its frozen batch norm used no epsilon, so torchvision sets it to 0."""

_SPOILT = (ValueError, TypeError, LookupError, AttributeError, OSError, ArithmeticError, RuntimeError, MemoryError)
"""What h5py and Keras raise for an HDF5 file that is not what they expect."""


def fill_backbone(network: keras.Model, path: Path, name: str) -> LoadReport:
    """Fills every weight of `network` from a file of any of the formats; of a whole network its backbone is taken.

    Args:
        network: not to be used if this fails. Arrays that do not fit leave it as it was; arrays that are no numbers are
            in it, and HDF5 leaves it with NaN wherever Keras did not get to.
        path: a file that exists.
        name: `model.backbone.name`, for messages.

    Returns:
        what was loaded: all of the network; `unexpected` are the heads and random states of a whole one, which have no
        place here.

    Raises:
        ValueError: the file belongs to another network, and which one as far as the file shows it; or it is damaged.
        WeightsError: it cannot be read.
    """
    if path.suffix not in ARRAY_SUFFIXES:
        return _fill_from_hdf5(network, path, name)
    arrays = read_network_arrays(path, network)
    misfits = backbone_misfits(arrays, network, name)
    if misfits:
        raise ValueError(misfits)
    report = load_network_arrays(network, arrays)
    check_finite(network, report.loaded)
    return LoadReport(report.loaded, unexpected=report.unexpected)


def backbone_misfits(arrays: Mapping[str, np.ndarray], network: keras.Model, name: str) -> str:
    """Why `arrays` do not fill the whole backbone that `network` has or is, and which they are of; empty if they do.

    Args:
        arrays: path → value, of a backbone or a whole network.
        network: a backbone or a whole network.
        name: `model.backbone.name`.
    """
    named = {path: value for path, value in named_variables(network).items() if not path.startswith(OWN_PARTS)}
    shapes = {path: tuple(variable.shape) for path, variable in named.items() if is_weight(variable)}
    both = [path for path in shapes if path in arrays and arrays[path].shape != shapes[path]]
    kinds = {
        "missing": [path for path in shapes if path not in arrays],
        "of another shape": [f"{path}: {arrays[path].shape} → {shapes[path]}" for path in both],
        "not known": [path for path in arrays if path not in named and _is_backbones(path, arrays[path])],
    }
    parts = [f"{len(paths)} are {kind} ({', '.join(paths[:3])} …)" for kind, paths in kinds.items() if paths]
    found = backbone_of({path: value.shape for path, value in arrays.items()})
    return f"{_other_backbone(found, name)}{'; '.join(parts)}" if parts else ""


def _is_backbones(path: str, value: np.ndarray) -> bool:
    # Counters and random states, such as that of our sampling, are no weights.
    return value.dtype.kind == "f" and not path.startswith(_OTHERS)


def read_network_arrays(path: Path, network: keras.Model) -> dict[str, np.ndarray]:
    """Path of our variable → value, from a file of arrays in torchvision's names or in ours.

    Of torchvision's COCO weights the epsilon that they were trained without is taken out of each batch norm's scale, so
    that `network` gives what they gave.

    Raises:
        WeightsError: it cannot be read.
    """
    try:
        arrays = torchvision_arrays(read_arrays(path))
    except ValueError as error:
        raise WeightsError(f'the weights "{path}" are not as torchvision has them: {error}') from error
    whole = any(name.startswith(MASK_RCNN.parts) for name in arrays)
    if whole and _WITHOUT_EPSILON.fits(_WITHOUT_EPSILON.of(path)):
        arrays = without_epsilon(arrays, network)
    return arrays


def without_epsilon(arrays: dict[str, np.ndarray], network: keras.Model) -> dict[str, np.ndarray]:
    """The same arrays with each batch norm's scale times √((variance + ε) / variance), ε being that of `network`.

    The epsilon is no weight: a network built for a checkpoint has the layer's default again, so it has to
    be in the scale.
    """
    scaled = dict(arrays)
    for layer in batch_norms(network):
        scale, variance = f"{layer.name}/gamma", f"{layer.name}/moving_variance"
        if scale in arrays and variance in arrays:
            spread = arrays[variance].astype("float64")
            factor = np.sqrt(np.divide(spread + layer.epsilon, spread, out=np.ones_like(spread), where=spread > 0))
            scaled[scale] = (arrays[scale] * factor).astype("float32")
    return scaled


def check_finite(network: keras.Model, paths: Iterable[str]) -> None:
    """Raises ValueError if one of the variables holds anything that is no number."""
    named = named_variables(network)
    bad = [path for path in paths if not bool(keras.ops.all(keras.ops.isfinite(named[path])))]
    if bad:
        raise ValueError(f"{len(bad)} of {len(named)} arrays got no finite values from it: {', '.join(bad[:5])} …")


def _other_backbone(found: str | None, name: str) -> str:
    return "" if found in (None, name) else f"this file holds {found}; model.backbone.name is {name}; "


def _fill_from_hdf5(network: keras.Model, path: Path, name: str) -> LoadReport:
    # Keras fills by position and says little; so each array is set to NaN first, and none that is left out can hide.
    foreign = foreign_content(path)
    if foreign:
        raise ValueError(f"it is {foreign}")
    weights = {path: variable for path, variable in named_variables(network).items() if is_weight(variable)}
    names: list[str] = []
    try:
        names, kernels = _look_into(path)
        # Keras ignores what it does not need, so a deeper network's file could be taken for this one's. A classifier's
        # dense kernel has two axes: a file with the top is welcome where Keras can read it.
        expected = sum(len(variable.shape) == 4 for variable in network.weights)
        if kernels != expected:
            raise ValueError(f"the network has {expected} convolution kernels, the file {kernels}")
        for variable in weights.values():
            variable.assign(np.full(variable.shape, np.nan, "float32"))
        with warnings.catch_warnings():
            # For a file of another network Keras warns hundreds of times before it raises; the error says it once.
            warnings.simplefilter("ignore", UserWarning)
            network.load_weights(str(path))
    except _SPOILT as error:
        reason = str(error) or type(error).__name__
        raise ValueError(f"{_other_backbone(backbone_of(dict.fromkeys(names, ())), name)}{reason}") from error
    check_finite(network, weights)
    return LoadReport(list(weights))


def _look_into(path: Path) -> tuple[list[str], int]:
    """The names of the layers in an HDF5 file of Keras, old or new, and the number of convolution kernels.

    Raises:
        ValueError: its arrays claim more than the file can hold; h5py would allocate what they claim.
    """
    names: list[str] = []
    kernels = claimed = 0

    def visit(name: str, item) -> None:
        nonlocal kernels, claimed
        if isinstance(item, h5py.Dataset):
            kernels += item.ndim == 4 and not name.startswith("optimizer")
            claimed += item.nbytes
        names.extend(map(_text, item.attrs.get("layer_names", ())))
        if "name" in item.attrs:
            names.append(_text(item.attrs["name"]))

    with h5py.File(path, "r") as file:
        visit("", file)
        file.visititems(visit)
    check_swelling(path.stat().st_size, claimed)
    return names, kernels


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def is_weight(variable: keras.Variable) -> bool:
    """Whether it is one that a file must fill: not a counter, nor a random state."""
    return keras.backend.is_float_dtype(variable.dtype)
