"""Weights for a backbone: from a local file, from the net, or none; and a proof that they arrived."""

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

import h5py
import keras
import numpy as np

from models.backbones.architecture import Architecture
from models.backbones.config import WEIGHT_SUFFIXES, BackboneConfig
from models.backbones.fetch import cache_folder, fetch
from utils.download import DownloadError
from utils.errors import UserError

logger = logging.getLogger("maskeras")

_FROM_SCRATCH = "Training starts FROM SCRATCH: no stage is frozen and batch norm is trained, whatever the config says."


class WeightsError(UserError):
    """Weights that are not there or do not fit."""


@dataclass(frozen=True)
class WeightsReport:
    """What a backbone starts from.

    Attributes:
        source: the file that was loaded; None for random weights.
        arrays: how many of the network's arrays it filled (all of them, or 0).
        fell_back: "imagenet" was asked for and could not be had.
    """

    source: Path | None = None
    arrays: int = 0
    fell_back: bool = False

    def __str__(self) -> str:
        if self.source is None:
            return "random weights, as ImageNet's could not be had" if self.fell_back else "random weights"
        return f"all {self.arrays} weights from {self.source}"


def load_weights(network: keras.Model, config: BackboneConfig, architecture: Architecture) -> WeightsReport:
    """Fill `network`, which `architecture.make` built, as `config.weights` says.

    Returns:
        what was loaded.

    Raises:
        WeightsError: a file that is missing, unreadable or made for another network; "imagenet" where none is
            published, or where it cannot be downloaded and `config.required` is true.
    """
    if config.weights is None:
        logger.warning("model.backbone.weights is null. %s", _FROM_SCRATCH)
        return WeightsReport()
    if config.weights != "imagenet":
        return load_file(network, Path(config.weights).expanduser(), config, architecture)
    if architecture.pretrained is None:
        raise WeightsError(
            f"no ImageNet weights are published for the backbone {config.name} with alpha {config.alpha}; "
            "set model.backbone.weights to a .h5 file or to null"
        )
    try:
        path = fetch(architecture.pretrained, cache_folder())
    except DownloadError as error:
        message = _not_reachable(config, error)
        if config.required:
            raise WeightsError(message) from error
        logger.warning("%s %s", message, _FROM_SCRATCH)
        return WeightsReport(fell_back=True)
    return load_file(network, path, config, architecture)


def load_file(network: keras.Model, path: Path, config: BackboneConfig, architecture: Architecture) -> WeightsReport:
    """Fill every array of `network` from the HDF5 file `path`.

    Each array is set to NaN first, so one that the file leaves out cannot go unnoticed.

    Raises:
        WeightsError: the file does not exist, cannot be read, or belongs to another network.
    """
    if not path.is_file():
        raise WeightsError(
            f'there is no file "{path}" (model.backbone.weights, looked for in {Path.cwd()}); give the path of '
            f'weights of {config.name} that end with {" or ".join(WEIGHT_SUFFIXES)}, or "imagenet", or null'
        )
    arrays = [v for v in network.weights if keras.backend.is_float_dtype(v.dtype)]
    try:
        _compare_kernels(network, path)
        for array in arrays:
            array.assign(np.full(array.shape, np.nan, "float32"))
        _read(network, path)
        _check_filled(arrays)
        if architecture.check is not None:
            architecture.check(network)
    except (ValueError, OSError, KeyError) as error:
        raise WeightsError(_misfit(config, path, error)) from error
    return WeightsReport(path, len(arrays))


def _read(network: keras.Model, path: Path) -> None:
    with warnings.catch_warnings():
        # For a file of another network Keras warns hundreds of times before it raises; the error says it once.
        warnings.simplefilter("ignore", UserWarning)
        network.load_weights(str(path))


def _compare_kernels(network: keras.Model, path: Path) -> None:
    # Keras reads what it needs by position and ignores the rest; so a deeper network's file could be taken for this
    # one's. A classifier's dense kernel has two axes: a file with the top is welcome where Keras can read it.
    found, expected = _count_kernels(path), sum(len(v.shape) == 4 for v in network.weights)
    if found != expected:
        raise ValueError(f"the network has {expected} convolution kernels, the file {found}")


def _count_kernels(path: Path) -> int:
    kernels = []

    def visit(name: str, item) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim == 4 and not name.startswith("optimizer"):
            kernels.append(name)

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return len(kernels)


def _check_filled(arrays: list) -> None:
    missing = [v.path for v in arrays if not bool(keras.ops.all(keras.ops.isfinite(v)))]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(arrays)} arrays got no finite values from it: {', '.join(missing[:5])} …"
        )


def _not_reachable(config: BackboneConfig, error: DownloadError) -> str:
    return (
        f"the ImageNet weights of the backbone {config.name} could not be had: tried {cache_folder()}; {error} "
        "To use them, download that file elsewhere and set model.backbone.weights to its path."
    )


def _misfit(config: BackboneConfig, path: Path, error: Exception) -> str:
    reason = " ".join(str(error).split())[:400]
    return (
        f'"{path}" does not fit the backbone {config.name} (alpha {config.alpha}): {reason}. Expected is an intact '
        "HDF5 file of weights of this very network without its classifier (keras.applications, include_top=False); "
        "give another path, or set model.backbone.name to what the file was made for"
    )
