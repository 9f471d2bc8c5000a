"""The region proposal network (Ren et al. 2015, section 3.1).

Alphabet: `B` images, `A` anchors over all levels, `R` anchors of a cell, `P` proposals. Boxes xyxy in pixels.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from models.mask_rcnn.config import RPNConfig
from models.ops.box_coder import BoxCoder
from models.ops.boxes import clip, has_size
from models.ops.gather import take
from models.ops.kernels import tensorflow_kernels
from models.ops.nms import best_of_levels


class RPNHead(keras.layers.Layer):
    """One small convolutional network slid over every level of the pyramid.

    Args:
        channels: of the pyramid.
        anchors_per_cell: R.
    """

    def __init__(self, channels: int, anchors_per_cell: int, name: str = "rpn_head", **others):
        super().__init__(name=name, **others)
        self.channels = channels
        self.anchors_per_cell = anchors_per_cell
        init = keras.initializers.RandomNormal(stddev=0.01)
        options = {"kernel_initializer": init, "dtype": self.dtype_policy}
        self.conv = keras.layers.Conv2D(channels, 3, padding="same", activation="relu", name="conv", **options)
        self.objectness = keras.layers.Conv2D(anchors_per_cell, 1, name="objectness", **options)
        self.deltas = keras.layers.Conv2D(anchors_per_cell * 4, 1, name="deltas", **options)

    def build(self, _shapes) -> None:
        """Makes the weights, which all levels share."""
        for layer in (self.conv, self.objectness, self.deltas):
            layer.build((None, None, None, self.channels))

    def call(self, pyramid: dict[str, Any]) -> tuple[Any, Any]:
        """Level → (B, h, w, channels), finest first.

        Returns:
            float32 objectness logits (B, A) and deltas (B, A, 4), in order level, row, column, aspect ratio.
        """
        outputs = ops.concatenate([self._level(features) for features in pyramid.values()], axis=1)
        each = self.anchors_per_cell
        logits = ops.reshape(outputs[..., :each], (-1, outputs.shape[1] * each))
        deltas = ops.reshape(outputs[..., each:], (-1, outputs.shape[1] * each, 4))
        return ops.cast(logits, "float32"), ops.cast(deltas, "float32")

    def _level(self, features: Any) -> Any:
        """(B, h, w, channels) → (B, h * w, R + 4 * R)."""
        shared, parts = self.conv(features), (self.objectness, self.deltas)
        cells = shared.shape[1] * shared.shape[2]
        if not tensorflow_kernels():
            outputs = ops.concatenate([part(shared) for part in parts], axis=-1)
            return ops.reshape(outputs, (-1, cells, outputs.shape[-1]))
        # One product: TensorFlow takes as long for a convolution with three outputs as for one with a hundred.
        flat = ops.reshape(shared, (-1, cells, self.channels))
        kernels = [ops.reshape(part.kernel, (self.channels, part.filters)) for part in parts]
        weights = ops.cast(ops.concatenate(kernels, axis=1), flat.dtype)
        return ops.matmul(flat, weights) + ops.cast(ops.concatenate([part.bias for part in parts]), flat.dtype)

    def get_config(self) -> dict:
        """What makes the layer again."""
        return {**super().get_config(), "channels": self.channels, "anchors_per_cell": self.anchors_per_cell}


def select_proposals(
    logits: Any, deltas: Any, anchors: list[np.ndarray], image_size: Any, config: RPNConfig, training: bool
) -> tuple[Any, Any]:
    """The best boxes of the RPN, duplicates removed.

    Args:
        logits: (B, A). deltas: (B, A, 4).
        anchors: for each level (A_level, 4).
        image_size: int (B, 2), height and width that boxes are clipped to.
        config: how many, and thresholds.
        training: which of the two sets of numbers holds.

    Returns:
        proposals (B, P, 4), best first, zeros where padded, and valid, bool (B, P). No gradient flows back.
    """
    pre, post = (
        (config.pre_nms_top_n_train, config.post_nms_top_n_train)
        if training
        else (config.pre_nms_top_n_eval, config.post_nms_top_n_eval)
    )
    logits, deltas = ops.stop_gradient(logits), ops.stop_gradient(deltas)
    lengths = [min(pre, len(level)) for level in anchors]
    scores, index = _best_of_each_level(logits, [len(level) for level in anchors], lengths)
    near = ops.take(ops.convert_to_tensor(np.concatenate(anchors)), index, axis=0)
    decoded = BoxCoder(config.delta_weights, config.max_scale).decode(take(deltas, index), near)
    boxes = clip(decoded, image_size[:, 0], image_size[:, 1])
    return best_of_levels(boxes, scores, has_size(boxes, config.min_size), lengths, config.nms_iou, post)


def _best_of_each_level(logits: Any, anchors: list[int], lengths: list[int]) -> tuple[Any, Any]:
    """Of the `anchors` that each level has among (B, A), the `lengths` best: their logits and places in A, (B, N)."""
    scores, places = [], []
    start = 0
    for number, length in zip(anchors, lengths, strict=True):
        best, index = ops.top_k(logits[:, start : start + number], length)
        scores.append(best)
        places.append(index + start)
        start += number
    return ops.concatenate(scores, axis=1), ops.concatenate(places, axis=1)
