"""Initial weights of a backbone: from a local file, downloaded, or random."""

import logging
from collections.abc import Mapping

import keras

from models.backbones.architecture import Architecture
from models.backbones.config import BackboneConfig
from models.weights.errors import WeightsError
from models.weights.fetch import obtain
from models.weights.fill import fill_backbone
from models.weights.report import WeightsReport
from models.weights.sources import SUFFIXES, Pretrained

logger = logging.getLogger("maskeras")

_KEY = "model.backbone.weights"
_FROM_SCRATCH = "Training starts FROM SCRATCH: no stage is frozen and batch norm is trained, whatever the config says."


def load_weights(network: keras.Model, config: BackboneConfig, architecture: Architecture) -> WeightsReport:
    """Fills every array of `network`, which `architecture.make` built, as `config.weights` says, or none.

    Raises:
        WeightsError: a file that is missing, unreadable or made for another network; a name under which nothing is
            published, or a download that fails while `config.required` is true.
    """
    if config.weights is None:
        logger.warning("%s is null. %s", _KEY, _FROM_SCRATCH)
        return WeightsReport()
    path = obtain(_source(config, architecture), _KEY, config.required, _FROM_SCRATCH)
    if path is None:
        return WeightsReport(fell_back=True)
    try:
        loaded = fill_backbone(network, path, config.name)
        if architecture.check is not None:
            architecture.check(network)
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())[:600]
        raise WeightsError(
            f'"{path}" does not fit the backbone {config.name} (alpha {config.alpha}): {reason}. Expected is an intact '
            "file of weights of this very network: HDF5 of keras.applications (include_top=False), or arrays in "
            "torchvision's names or in Keras'; give another path, or set model.backbone.name to what the file was made "
            "for"
        ) from error
    if loaded.unexpected:
        logger.info("%s: %d arrays besides the backbone's are not used", path, len(loaded.unexpected))
    return WeightsReport(path, loaded)


def _source(config: BackboneConfig, architecture: Architecture) -> str | Pretrained:
    """What is published under the name in the config; else the address or path that it holds."""
    published: Mapping[str | None, Pretrained | None] = {
        "imagenet": architecture.pretrained,
        "imagenet_v2": architecture.pretrained_v2,
    }
    source = published.get(config.weights, config.weights)
    if source is None:
        raise WeightsError(
            f"no ImageNet weights are published for the backbone {config.name} with alpha {config.alpha} as "
            f'"{config.weights}"; set {_KEY} to a file that ends with {" or ".join(SUFFIXES)}, or to null'
        )
    return source
