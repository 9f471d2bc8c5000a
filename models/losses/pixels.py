"""What the losses of a semantic segmentation have in common: probabilities and labels, ignored pixels neutralized.

Alphabet: `B` images, `H, W` the size of the labels, `C` = K + 1 channels, the background first.
"""

from typing import NamedTuple

from keras import ops

from base.batch import IGNORE
from models.ops.boxes import Tensor


class Pixels(NamedTuple):
    """A network's output beside its labels.

    Attributes:
        log_probabilities: (B, H, W, C) float32; those of ignored pixels are constants.
        labels: (B, H, W) int32 in 0…C-1; 0 where ignored.
        chosen: (B, H, W, C) float32, 1 at the label, all 0 where ignored.
        counted: (B, H, W) bool, False where ignored.
    """

    log_probabilities: Tensor
    labels: Tensor
    chosen: Tensor
    counted: Tensor

    @property
    def negative_log_likelihood(self) -> Tensor:
        """(B, H, W) float32: −log of the probability of the label; 0 where ignored."""
        return -ops.sum(self.chosen * self.log_probabilities, axis=-1)


def pixels_of(logits: Tensor, labels: Tensor) -> Pixels:
    """Prepares logits and labels.

    The logits of ignored pixels are replaced before anything is computed from them: no gradient reaches them, whatever
    they are.

    Args:
        logits: (B, H, W, C) of any float dtype.
        labels: (B, H, W) int, 0…C-1 or 255.
    """
    counted = ops.not_equal(labels, IGNORE)
    labels = ops.where(counted, ops.cast(labels, "int32"), 0)
    logits = ops.where(counted[..., None], ops.cast(logits, "float32"), 0.0)
    chosen = ops.one_hot(labels, logits.shape[-1], dtype="float32") * ops.cast(counted, "float32")[..., None]
    return Pixels(ops.log_softmax(logits, axis=-1), labels, chosen, counted)
