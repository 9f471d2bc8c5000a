"""Losses of labels: a class for every pixel.

Alphabet: `B` images, `H, W` their size, `K` classes without background.
"""

from keras import ops

from base.batch import IGNORE
from models.losses.functional import weighted_mean
from models.ops.boxes import Tensor


def label_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy over all pixels that are not ignored; 0 without one.

    Args:
        logits: (B, H, W, K + 1), background first.
        labels: int (B, H, W): 0 background, 1…K, 255 ignored.
    """
    counted = labels != IGNORE
    known = ops.where(counted, labels, 0)
    loss = ops.sparse_categorical_crossentropy(known, ops.cast(logits, "float32"), from_logits=True)
    return weighted_mean(loss, counted)
