"""Initial weights from a whole pretrained network: the section `model.pretrained`."""

import logging
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from base.variables import LoadReport, load_network_arrays, named_variables, network_arrays
from models.weights.classes import class_rows, with_rows
from models.weights.config import PretrainedConfig
from models.weights.design import PARTS, Design
from models.weights.errors import WeightsError
from models.weights.fetch import obtain
from models.weights.fill import backbone_misfits, check_finite, is_weight, read_network_arrays
from models.weights.report import WeightsReport

logger = logging.getLogger("maskeras")

_KEY = "model.pretrained.weights"
_FALLBACK = "The backbone is initialized from model.backbone.weights instead, the rest randomly."


def load_pretrained(
    network: keras.Model, config: PretrainedConfig, classes: Sequence[str], backbone: str
) -> WeightsReport | None:
    """Fills `network`: the whole backbone, of the rest what fits, of the heads the rows of the classes.

    Args:
        network: of `classes`, and of the design that `config` is for.
        config: which file, and which class takes which rows.
        classes: 1…K of the data.
        backbone: `model.backbone.name`, for messages.

    Returns:
        what was filled and what is left as it was; None, after a warning, where the file is unavailable and not
        required.

    Raises:
        WeightsError: there is no such file, its checksum is wrong, or it is unavailable and required; it holds no
            network of the design, or one with another backbone, or numbers that are not finite; or `config.classes`
            names a class that is not among `classes`.
    """
    design = config.design
    rows = class_rows(classes, config.classes or {}, design)  # a wrong name is an error before a long download
    path = obtain(config.source(backbone), _KEY, config.required, _FALLBACK)
    if path is None:
        return None
    arrays = read_network_arrays(path, network)
    _check_design(arrays, design, path)
    _check_backbone(arrays, network, path, backbone)
    if config.classes is None:
        arrays = {name: value for name, value in arrays.items() if name not in design.head_paths}
    else:
        arrays = with_rows(arrays, network_arrays(network), rows, design)
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


def _check_design(arrays: dict[str, np.ndarray], design: Design, path: Path) -> None:
    if design.sign not in arrays:
        raise WeightsError(
            f'"{path}" ({_KEY}) holds no {design.title} in torchvision\'s names; weights of a backbone alone belong '
            "into model.backbone.weights"
        )
    foreign = [name for name in arrays if name.startswith(PARTS)]
    if foreign:
        raise WeightsError(
            f'"{path}" ({_KEY}) is of another network than {design.published_as}: {len(foreign)} arrays of its '
            f"heads and what is before them have no place here ({', '.join(foreign[:3])} …). Take weights of that one, "
            "or only the backbone of this file, with model.backbone.weights"
        )


def _check_backbone(arrays: dict[str, np.ndarray], network: keras.Model, path: Path, backbone: str) -> None:
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
