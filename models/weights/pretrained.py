"""Initial weights from a whole pretrained Mask R-CNN: the section `model.pretrained`."""

import logging
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from base.variables import LoadReport, load_network_arrays, named_variables, network_arrays
from models.weights.classes import HEADS, coco_rows, with_rows
from models.weights.config import PretrainedConfig
from models.weights.errors import WeightsError
from models.weights.fetch import obtain
from models.weights.fill import backbone_misfits, check_finite, is_weight, read_network_arrays
from models.weights.report import WeightsReport
from models.weights.sources import COCO, torchvision
from models.weights.torchvision import PARTS

logger = logging.getLogger("maskeras")

_KEY = "model.pretrained.weights"
_FALLBACK = "The backbone is initialized from model.backbone.weights instead, the pyramid and the heads randomly."


def load_pretrained(
    network: keras.Model, config: PretrainedConfig, classes: Sequence[str], backbone: str
) -> WeightsReport | None:
    """Fills `network`: the whole backbone, of the rest what fits, of the heads the rows of the classes.

    Args:
        network: a `MaskRCNNNetwork` of `classes`.
        config: which file, and which class takes which rows.
        classes: 1…K of the data.
        backbone: `model.backbone.name`, for messages.

    Returns:
        what was filled and what is left as it was; None, after a warning, where the file is unavailable and not
        required.

    Raises:
        WeightsError: there is no such file, its checksum is wrong, or it is unavailable and required; it holds no Mask
            R-CNN, one of another design or with another backbone, or numbers that are not finite; or `config.classes`
            names a class that is not among `classes`.
    """
    rows = coco_rows(classes, config.classes or {})  # a wrong name is an error before a long download
    published = COCO.get(config.weights)
    path = obtain(torchvision(published) if published else config.weights, _KEY, config.required, _FALLBACK)
    if path is None:
        return None
    arrays = read_network_arrays(path, network)
    _check_backbone(arrays, network, path, backbone)
    if config.classes is None:
        arrays = {name: value for name, value in arrays.items() if name not in HEADS}
    else:
        arrays = with_rows(arrays, network_arrays(network), rows)
    found = load_network_arrays(network, arrays)
    weights = {name for name, variable in named_variables(network).items() if is_weight(variable)}
    missing = [name for name in found.missing if name in weights]
    try:
        check_finite(network, found.loaded)
    except ValueError as error:
        raise WeightsError(f'"{path}" ({_KEY}): {error}') from error
    report = WeightsReport(
        source=path,
        loaded=LoadReport(found.loaded, found.reshaped, missing, found.unexpected),
        kept=tuple(name for name, row in zip(classes, rows, strict=True) if row is not None),
        new=tuple(name for name, row in zip(classes, rows, strict=True) if row is None),
    )
    _log(report)
    return report


def _check_backbone(arrays: dict[str, np.ndarray], network: keras.Model, path: Path, backbone: str) -> None:
    if "rpn_head/conv/kernel" not in arrays:
        raise WeightsError(
            f'"{path}" ({_KEY}) holds no Mask R-CNN in torchvision\'s names; weights of a backbone alone belong into '
            "model.backbone.weights"
        )
    foreign = [name for name in arrays if name.startswith(PARTS)]
    if foreign:
        raise WeightsError(
            f'"{path}" ({_KEY}) is of another detector than maskrcnn_resnet50_fpn: {len(foreign)} arrays of its '
            f"pyramid and heads have no place here ({', '.join(foreign[:3])} …). Take weights of that one, as "
            f'"{next(iter(COCO))}", or only the backbone of this file, with model.backbone.weights'
        )
    misfits = backbone_misfits(arrays, network, backbone)
    if misfits:
        raise WeightsError(
            f'"{path}" ({_KEY}) does not fit the backbone {backbone}: {misfits}. Set model.backbone.name to what the '
            "file was made for, or take another file"
        )


def _log(report: WeightsReport) -> None:
    reshaped = len(report.loaded.reshaped)
    logger.info("initialized from %s: %s", report.source, report.loaded)
    if reshaped:
        logger.warning("%s: %d arrays have another shape here; these are randomly initialized", report.source, reshaped)
    if report.new:
        logger.warning("classes whose rows of the heads are randomly initialized: %s", ", ".join(report.new))
