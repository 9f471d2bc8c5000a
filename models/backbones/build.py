"""An image in, a pyramid of features out. Alphabet: `B` images, `H, W` their size, `C_n` features of stride 2^n."""

import logging
import math
from typing import Any

import keras

from models.backbones.architecture import Architecture, NormalizeImages
from models.backbones.config import BackboneConfig
from models.backbones.dilation import dilated
from models.backbones.table import BACKBONES
from models.backbones.weights import load_weights
from models.layers.batch_norm import batch_norms, with_fused_batch_norm
from models.layers.remat import Remat
from models.weights.report import WeightsReport
from utils.errors import UserError
from utils.registry import load_object

logger = logging.getLogger("maskeras")

STRIDES = {"C2": 4, "C3": 8, "C4": 16, "C5": 32}
"""Feature → pixels of the image between two of its cells; `output_stride` at most. A feature is ceil(H / stride) ×
ceil(W / stride)."""

LEVELS = ("C1", *STRIDES)
"""The features that stages end with; the network gives all but the first."""

AUXILIARY = "auxiliary"
"""The feature for an auxiliary head, where it is none of `STRIDES`."""

SMALLEST = 32
"""The smallest side of an image, in pixels."""


class BackboneBuilder:
    """Builds a backbone, loads weights into it and freezes it: the three are separate steps.

    Args:
        config: the section `model.backbone`.
        image_size: (H, W) in pixels.
        output_stride: the largest stride of a feature, one of `models.backbones.dilation.OUTPUT_STRIDES`; below 32 what
            would halve the features further is dilated.
        auxiliary: whether the backbone also gives `AUXILIARY`, where the architecture has such a feature.

    Attributes:
        backbone: (B, H, W, 3) RGB images in 0…255 → {"C2": (B, ⌈H/4⌉, ⌈W/4⌉, channels), …, "C5"}; normalization is
            inside; random weights, all trainable.

    Raises:
        ValueError: `image_size` is too small, the network has not the strides it declares, or it cannot be dilated.
    """

    def __init__(
        self, config: BackboneConfig, image_size: tuple[int, int], output_stride: int = 32, auxiliary: bool = False
    ):
        if min(image_size) < SMALLEST:
            raise ValueError(
                f"received image_size {tuple(image_size)}; a backbone needs {SMALLEST} pixels a side or more"
            )
        self.config = config
        self.architecture: Architecture = load_object(BACKBONES.get(config.name, config.name))(config)
        self._application = with_fused_batch_norm(self.architecture.make((*image_size, 3)))
        self._flat = _flat(self._application)
        if output_stride < max(STRIDES.values()):
            self._dilate(output_stride)
        for norm in batch_norms(self._flat):
            norm.momentum = config.batch_norm_momentum
        self.backbone = self._assembled(image_size, self.architecture.auxiliary if auxiliary else None)
        _check_strides(self.backbone, image_size, output_stride)

    def load(self) -> WeightsReport:
        """Fills the backbone with the weights that the config names; says what became of them.

        Raises:
            WeightsError: see `models.backbones.weights`.
        """
        report = load_weights(self._application, self.config, self.architecture)
        _copy_weights(self._application, self._flat)
        logger.info("backbone %s: %s", self.config.name, report)
        return report

    def freeze(self) -> None:
        """Makes untrainable what the config wants frozen; see `freeze`."""
        freeze(self._flat, self.config, self.architecture)

    def _dilate(self, output_stride: int) -> None:
        nested = self._flat is not self._application
        self._flat = dilated(self._flat, output_stride, self.architecture.dilates_at_once)
        if not nested:  # weights are loaded by the order of the layers, which is the same, so one network is enough
            self._application = self._flat

    def _assembled(self, image_size: tuple[int, int], auxiliary: str | None) -> keras.Model:
        """Normalization, then the network from its first layer to C5."""
        body = _cut(self._flat, self.architecture, self.config, auxiliary)
        images = keras.Input((*image_size, 3), dtype="float32", name="images")
        pixels = self.architecture.pixels
        normalized = NormalizeImages(pixels.mean, pixels.std, pixels.bgr, name="normalize_images")(images)
        return keras.Model(images, body(normalized), name="backbone")


def freeze(network: keras.Model, config: BackboneConfig, architecture: Architecture) -> None:
    """Makes untrainable the layers that C_`frozen_stages` is made of and, if so configured, all batch norms.

    A frozen batch norm runs on its moving statistics even when called with `training=True`. Setting `trainable` on the
    whole backbone later undoes that.
    """
    frozen = set()
    if config.frozen_stages:
        last = network.get_layer(architecture.stages[config.frozen_stages - 1])
        frozen = {id(layer) for layer in keras.Model(network.inputs, last.output).layers}
    if config.batch_norm == "frozen":
        frozen |= {id(layer) for layer in batch_norms(network)}
    for layer in network.layers:
        if id(layer) in frozen:
            layer.trainable = False


def _flat(network: keras.Model) -> keras.Model:
    """`network` with the layers inside a `Sequential` side by side, so that each can be a tap and be frozen alone."""
    if not any(isinstance(layer, keras.Sequential) for layer in network.layers):
        return network

    def call(layer: Any, *args, **kwargs) -> Any:
        if not isinstance(layer, keras.Sequential):
            return layer(*args, **kwargs)
        (x,) = args
        for inner in layer.layers:
            x = type(inner).from_config(inner.get_config())(x)
        return x

    flat = keras.models.clone_model(network, call_function=call)
    _copy_weights(network, flat)
    return flat


def _copy_weights(network: keras.Model, flat: keras.Model) -> None:
    if flat is network:
        return
    for layer in network._flatten_layers(include_self=False):
        if layer.weights and not isinstance(layer, keras.Model):
            flat.get_layer(layer.name).set_weights(layer.get_weights())


def _cut(
    network: keras.Model, architecture: Architecture, config: BackboneConfig, auxiliary: str | None
) -> keras.Model:
    """The part of `network` from where the normalization ends to C5, with gradient checkpointing where configured."""
    name, checkpointed = config.name.rpartition(":")[2], config.gradient_checkpointing
    start: Any = network.get_layer(architecture.starts_at).input if architecture.starts_at else network.input
    ends = {level: network.get_layer(layer).output for level, layer in zip(LEVELS, architecture.stages, strict=True)}
    further = {AUXILIARY: network.get_layer(auxiliary).output} if auxiliary else {}
    if not checkpointed:
        return _part(start, {level: ends[level] for level in STRIDES} | further, name)
    try:
        stages, rest = _stages(start, ends, checkpointed, further)
    except ValueError as error:
        raise UserError(
            f"model.backbone.gradient_checkpointing: {config.name} passes more from stage to stage than the feature "
            f"between them, so {checkpointed} of its stages cannot be recomputed ({error}). Recompute fewer, or 0."
        ) from error
    x = normalized = keras.Input(start.shape[1:], dtype=start.dtype, name="normalized")
    features = {}
    for level, stage in stages.items():
        features[level] = x = Remat(stage, name=level)(x)
    if rest:
        features |= rest(x)
    return keras.Model(normalized, {level: features[level] for level in (*STRIDES, *further)}, name=name)


def _stages(
    start: Any, ends: dict[str, Any], number: int, further: dict[str, Any]
) -> tuple[dict[str, keras.Model], keras.Model | None]:
    """The first stages, each from one feature to the next, and what comes after them, `further` too, if anything."""
    stages = {}
    for level in LEVELS[:number]:
        stages[level] = _part(start, ends[level], f"stage_{level}")
        start = ends[level]
    rest = {level: ends[level] for level in LEVELS[number:]} | further
    return stages, _part(start, rest, "rest") if rest else None


def _part(start: Any, outputs: Any, name: str) -> keras.Model:
    """`start` → `outputs` by the same layers, on a new input: else its name would count up with each network."""
    part = keras.Model(start, outputs, name=name)
    inputs = keras.Input(start.shape[1:], dtype=start.dtype, name="normalized")
    return keras.models.clone_model(part, input_tensors=inputs, clone_function=lambda layer: layer)


def _check_strides(backbone: keras.Model, image_size: tuple[int, int], output_stride: int) -> None:
    features: Any = backbone.output
    for level, nominal in STRIDES.items():
        stride = min(nominal, output_stride)
        expected = tuple(math.ceil(side / stride) for side in image_size)
        if features[level].shape[1:3] != expected:
            raise ValueError(
                f"{level} is {features[level].shape[1:3]} for images of {tuple(image_size)}, but stride "
                f"{stride} gives {expected}; correct the names of the stages in the architecture{_hint(image_size)}"
            )


def _hint(image_size: tuple[int, int]) -> str:
    whole = max(STRIDES.values())
    if not any(side % whole for side in image_size):
        return ""
    fitting = tuple(math.ceil(side / whole) * whole for side in image_size)
    return (
        f"; or, if the network halves odd sizes by rounding down, pad what halves them, or choose sides that are "
        f"multiples of {whole}, such as {fitting}"
    )
