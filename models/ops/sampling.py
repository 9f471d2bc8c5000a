"""A fixed number of boxes, sampled with a bounded share of positives (Fast R-CNN, section 2.3).

Alphabet: `B` images, `N` boxes to draw from.
"""

from keras import ops

from models.ops.boxes import Tensor
from models.ops.gather import take
from models.ops.matching import NEGATIVE, POSITIVE


def _draw(wanted: Tensor, noise: Tensor, num: int) -> tuple[Tensor, Tensor]:
    """The `num` wanted boxes of the largest noise: indices (B, num) and how many of these are wanted (B, 1)."""
    key = ops.where(wanted, noise, -ops.ones_like(noise))
    _, indices = ops.top_k(key, num, sorted=True)
    count = ops.sum(ops.cast(wanted, "int32"), axis=1, keepdims=True)
    return ops.cast(indices, "int32"), ops.minimum(count, num)


def sample(label: Tensor, noise: Tensor, num: int, positive_fraction: float) -> tuple[Tensor, Tensor, Tensor]:
    """Draw `num` boxes: at most `int(num * positive_fraction)` positives, the rest negatives.

    The positives come first, then the negatives; where both together are too few, the rest is invalid. The first
    `int(num * positive_fraction)` are thus all that a mask head needs.

    Args:
        label: int (B, N): 1 positive, 0 negative, -1 never sampled.
        noise: float (B, N), uniform in [0, 1): the randomness, so that the function itself is pure.
        num: how many to draw; N may be smaller.
        positive_fraction: in [0, 1].

    Returns:
        indices: int32 (B, num) into N (any index where invalid).
        positive: bool (B, num).
        valid: bool (B, num), positive or negative.
    """
    available = label.shape[1]
    max_positive = int(num * positive_fraction)
    # At least one is sampled, so that no shape is empty; the count says that it is not to be used.
    positives, num_positive = _draw(label == POSITIVE, noise, max(1, min(max_positive, available)))
    negatives, num_negative = _draw(label == NEGATIVE, noise, min(num, available))
    num_positive = ops.minimum(num_positive, max_positive)
    slot = ops.arange(num, dtype="int32")[None, :]
    positive = slot < num_positive
    valid = slot < num_positive + num_negative
    from_positives = take(positives, ops.minimum(slot + ops.zeros_like(num_positive), positives.shape[1] - 1))
    from_negatives = take(negatives, ops.clip(slot - num_positive, 0, negatives.shape[1] - 1))
    return ops.where(positive, from_positives, from_negatives), positive, valid
