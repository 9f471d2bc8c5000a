"""torchvision's names and layouts of arrays → ours: ResNets, ResNeXts, MobileNetV3, Mask R-CNN, DeepLabV3.

Of each layer, PyTorch | Keras (`i` inputs, `o` outputs, `g` groups, `h, w` the kernel's sides):

    convolution             (o, i / g, h, w) | (h, w, i / g, o)
    dense                             (o, i) | (i, o)
    transposed convolution      (i, o, h, w) | (h, w, o, i)
"""

import re
from collections.abc import Mapping

import numpy as np

Arrays = Mapping[str, np.ndarray]

_MODULES: tuple[tuple[str, str], ...] = (
    (r"(?:backbone\.(?:body\.)?)?((?:conv|bn)1|layer\d\.\d+\.(?:(?:conv|bn)\d|downsample\.[01]))", r"\1"),
    (r"(?:backbone|features)\.(\d+\.(?:block\.\d\.(?:[01]|fc[12])|[01]))", r"features_\1"),
    (r"backbone\.fpn\.inner_blocks\.(\d)(?:\.0)?", r"fpn/inner_c{\1+2}"),
    (r"backbone\.fpn\.layer_blocks\.(\d)(?:\.0)?", r"fpn/outer_p{\1+2}"),
    (r"rpn\.head\.conv(?:\.0\.0)?", "rpn_head/conv"),
    (r"rpn\.head\.cls_logits", "rpn_head/objectness"),
    (r"rpn\.head\.bbox_pred", "rpn_head/deltas"),
    (r"roi_heads\.box_head\.(fc[67])", r"box_head/\1"),
    (r"roi_heads\.box_predictor\.cls_score", "box_head/logits"),
    (r"roi_heads\.box_predictor\.bbox_pred", "box_head/deltas"),
    (r"roi_heads\.mask_head\.(\d)\.0", r"mask_head/conv{\1+1}"),
    (r"roi_heads\.mask_head\.mask_fcn(\d)", r"mask_head/conv{\1+0}"),
    (r"roi_heads\.mask_predictor\.conv5_mask", "mask_head/upsample"),
    (r"roi_heads\.mask_predictor\.mask_fcn_logits", "mask_head/logits"),
    (r"classifier\.0\.convs\.([0-3])\.0", r"aspp/branch\1/conv"),
    (r"classifier\.0\.convs\.([0-3])\.1", r"aspp/branch\1/norm"),
    (r"classifier\.0\.project\.0", "aspp/project/conv"),
    (r"classifier\.0\.project\.1", "aspp/project/norm"),
    (r"classifier\.0\.convs\.4\.1", "aspp/branch4/conv"),
    (r"classifier\.0\.convs\.4\.2", "aspp/branch4/norm"),
    (r"classifier\.1", "head/block0/conv"),
    (r"classifier\.2", "head/block0/norm"),
    (r"aux_classifier\.0", "aux_head/block0/conv"),
    (r"aux_classifier\.1", "aux_head/block0/norm"),
    (r"(aux_)?classifier\.4", r"\1head/logits"),
)
"""torchvision's module, as a pattern → our layer; `{n+k}` is the sum. Files of before 2022 lack the `.0` of the
pyramid, the `.0.0` of the proposals, and count the mask head's convolutions from `mask_fcn1`."""

_LEFTOVERS = re.compile(r"(.*\.)?num_batches_tracked|(fc|classifier\.[03])\.(weight|bias)")
"""What needs no place in our networks: a counter that nothing reads, and the classifier of ImageNet's 1000 classes."""

_ON_PYRAMID = re.compile(r"(rpn\.head\.conv|backbone\.fpn\.layer_blocks\.0)(\.0)*\.bias")
"""Arrays with as many numbers as the pyramid has channels."""

_PYRAMID_CHANNELS = 256
"""torchvision's number, for a file that does not show it."""

_BATCH_NORM = {
    "weight": "gamma",
    "bias": "beta",
    "running_mean": "moving_mean",
    "running_var": "moving_variance",
}


def torchvision_arrays(state: Arrays) -> dict[str, np.ndarray]:
    """A state dict of torchvision, whole or of the classifier alone → path of our variable → its value.

    It goes with `base.variables.load_network_arrays`, which compares names and shapes with a network. A name that is
    not torchvision's stays as it is: our own paths pass through, and any other turns up there as unexpected. The mask
    head loses torchvision's row of the background, and the first dense layer of the box head gets its inputs in the
    order (h, w, C) instead of (C, h, w).

    Args:
        state: name → array in PyTorch's layout.

    Raises:
        ValueError: the first dense layer of the box head has inputs that no square of the pyramid's channels gives.
    """
    arrays = {}
    for name, value in state.items():
        if _LEFTOVERS.fullmatch(name):
            continue
        module, _, leaf = name.rpartition(".")
        layer = _layer(module)
        if layer is None:
            arrays[name] = value
        elif f"{module}.running_mean" in state:
            arrays[f"{layer}/{_BATCH_NORM.get(leaf, leaf)}"] = value
        else:
            arrays[f"{layer}/{'kernel' if leaf == 'weight' else leaf}"] = _convert(value, layer, leaf, state)
    return arrays


def _layer(module: str) -> str | None:
    for pattern, ours in _MODULES:
        match = re.fullmatch(pattern, module)
        if match:
            counted = re.sub(r"\{(\d+)\+(\d)\}", lambda sum_: str(int(sum_[1]) + int(sum_[2])), match.expand(ours))
            return counted.replace(".", "_")
    return None


def _convert(value: np.ndarray, layer: str, leaf: str, state: Arrays) -> np.ndarray:
    if layer == "mask_head/logits" and value.ndim:
        value = value[1:]
    if leaf != "weight":
        return value
    if layer == "box_head/fc6":
        return _pooled_last(value, state)
    # In both kinds of convolution the sides come first and the other two change places.
    return value.transpose(2, 3, 1, 0) if value.ndim == 4 else value.T


def _pooled_last(value: np.ndarray, state: Arrays) -> np.ndarray:
    """(o, C · S · S) → (S · S · C, o)."""
    channels = next((len(array) for name, array in state.items() if _ON_PYRAMID.fullmatch(name)), _PYRAMID_CHANNELS)
    outputs, inputs = value.shape if value.ndim == 2 else (0, 0)
    side = round((inputs / max(channels, 1)) ** 0.5)
    if not inputs or inputs != channels * side * side:
        raise ValueError(
            f"roi_heads.box_head.fc6.weight is {value.shape}; expected are (outputs, {channels} channels · side · side)"
        )
    return value.reshape(outputs, channels, side, side).transpose(2, 3, 1, 0).reshape(inputs, outputs)
