"""A network whose features keep a stride of 8 or 16: what halves them later is dilated instead (Chen et al. 2017, 3.1).

Alphabet: the nominal stride is the one that features of the untouched network have.
"""

from typing import Any

import keras

OUTPUT_STRIDES = (8, 16, 32)
"""Strides that the last features may have; 32 is every backbone's own."""


def dilated(network: keras.Model, output_stride: int, at_once: bool = False) -> keras.Model:
    """The same network, not yet trained, that halves its features no further than `output_stride`; names stay.

    A layer that would halve them keeps them, and from there on a kernel reads every second, then every fourth cell: the
    same cells as before. Where nothing is averaged over the whole image, every second feature of the result is one of
    `network`, with the same weights. Poolings are not dilated: Keras has no such layer.

    Args:
        network: functional, without models inside.
        output_stride: one of `OUTPUT_STRIDES`.
        at_once: whether the layer that no longer halves is dilated too, as in torchvision's MobileNetV3. Otherwise only
            those after it are, as in torchvision's ResNet and TensorFlow's DeepLab.

    Raises:
        ValueError: a layer that must be dilated pads in a way that is not known here.
    """
    return keras.models.clone_model(network, call_function=_Dilation(output_stride, at_once))


class _Dilation:
    """Calls the layers of a network one after the other, those that must be changed as others."""

    def __init__(self, output_stride: int, at_once: bool):
        self.output_stride, self.at_once = output_stride, at_once
        # By the id of a tensor; the tensor itself is kept, since an id would be given to another one later.
        self._strides: dict[int, tuple[Any, int]] = {}
        self._before_padding: dict[int, tuple[Any, Any]] = {}

    def __call__(self, layer: Any, *args: Any, **kwargs: Any) -> Any:
        before = max(self._strides.get(id(x), (x, 1))[1] for x in keras.tree.flatten((args, kwargs)))
        after = before * _side(layer, "strides")
        changes = self._changes(layer, before, after)
        if changes:
            args = (self._source(layer, changes, args[0]), *args[1:])
            layer = type(layer).from_config({**layer.get_config(), **changes})
        outputs = layer(*args, **kwargs)
        for output in keras.tree.flatten(outputs):
            self._strides[id(output)] = (output, after)
        if isinstance(layer, keras.layers.ZeroPadding2D):
            self._before_padding[id(outputs)] = (outputs, args[0])
        return outputs

    def _changes(self, layer: Any, before: int, after: int) -> dict[str, Any]:
        """What is different in the layer's config; nothing where it stays as it is."""
        (real_before, rate_before), (real_after, rate_after) = self._split(before), self._split(after)
        changes: dict[str, Any] = {}
        if after > before and real_after == real_before:
            changes["strides"] = 1
        rate = rate_after if self.at_once else rate_before
        if rate > 1 and _side(layer, "kernel_size") > 1:
            changes["dilation_rate"] = rate
        if changes and _window(layer) > 1:
            changes["padding"] = "same"
            changes |= {"border": 0} if getattr(layer, "border", 0) else {}
        return changes

    def _split(self, nominal: int) -> tuple[int, int]:
        """The real stride, and what is left of the nominal one: the rate of dilation."""
        real = min(nominal, self.output_stride)
        return real, nominal // real

    def _source(self, layer: Any, changes: dict[str, Any], inputs: Any) -> Any:
        """What the layer reads: without a padding of its own layer, where it pads for itself now."""
        if "padding" not in changes or layer.padding == "same" or getattr(layer, "border", 0):
            return inputs
        if id(inputs) not in self._before_padding:
            raise ValueError(
                f"{layer.name} must be dilated, but does not pad its features, so that they would become smaller; "
                'pad them in the network that the architecture makes, or let it pad by "same"'
            )
        return self._before_padding[id(inputs)][1]


def _side(layer: Any, name: str) -> int:
    """Strides or side of a kernel, alike along both axes; 1 for a layer without."""
    value = getattr(layer, name, 1)
    return value if isinstance(value, int) else value[0]


def _window(layer: Any) -> int:
    return max(_side(layer, "kernel_size"), _side(layer, "pool_size"))
