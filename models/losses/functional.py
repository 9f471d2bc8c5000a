"""Losses: (prediction, target, weight) → scalar.

Each is `sum(weight * loss) / normalizer` in float32, whatever dtype comes in, and 0 where the normalizer is 0, so a
batch without a single object trains on.
"""

from keras import ops

from models.ops.boxes import Tensor


def weighted_mean(loss: Tensor, weight: Tensor, normalizer: Tensor | float | None = None) -> Tensor:
    """`sum(weight * loss) / normalizer`, a scalar.

    Args:
        loss: (...).
        weight: broadcast against `loss`; an element of weight 0 counts for nothing, even if its loss is infinite.
        normalizer: a scalar; None stands for `sum(weight)` over the shape of `loss`. Not positive: the result is 0.
    """
    weight = ops.broadcast_to(ops.cast(weight, "float32"), ops.shape(loss))
    total = ops.sum(ops.where(weight != 0, weight * loss, ops.zeros_like(loss)))
    divisor = ops.cast(ops.sum(weight) if normalizer is None else normalizer, "float32")
    positive = divisor > 0
    return ops.where(positive, total / ops.where(positive, divisor, 1.0), 0.0)


def binary_cross_entropy(
    logits: Tensor, target: Tensor, weight: Tensor, normalizer: Tensor | float | None = None
) -> Tensor:
    """Cross entropy of independent yes/no decisions.

    Args:
        logits: (...).
        target: (...), probabilities in [0, 1].
        weight: broadcast against `logits`.
        normalizer: see `weighted_mean`.
    """
    logits, target = ops.cast(logits, "float32"), ops.cast(target, "float32")
    # max(x, 0) - x * z + log(1 + exp(-|x|)): nothing overflows.
    loss = ops.relu(logits) - logits * target + ops.log1p(ops.exp(-ops.abs(logits)))
    return weighted_mean(loss, weight, normalizer)


def softmax_cross_entropy(
    logits: Tensor, labels: Tensor, weight: Tensor, normalizer: Tensor | float | None = None
) -> Tensor:
    """Cross entropy of one choice among C classes.

    Args:
        logits: (..., C).
        labels: int (...), each in 0…C-1, also where the weight is 0.
        weight: broadcast against `labels`.
        normalizer: see `weighted_mean`.
    """
    logits = ops.cast(logits, "float32")
    chosen = ops.one_hot(labels, logits.shape[-1], dtype="float32")
    loss = -ops.sum(chosen * ops.log_softmax(logits, axis=-1), axis=-1)
    return weighted_mean(loss, weight, normalizer)


def smooth_l1(
    prediction: Tensor, target: Tensor, weight: Tensor, beta: float = 1.0 / 9, normalizer: Tensor | float | None = None
) -> Tensor:
    """Quadratic below a difference of `beta`, linear above (Fast R-CNN, equation 3; PyTorch's definition).

    Args:
        prediction: (...).
        target: (...).
        weight: broadcast against `prediction`.
        beta: where the parts meet; 0 is the absolute difference.
        normalizer: see `weighted_mean`.
    """
    difference = ops.abs(ops.cast(prediction, "float32") - ops.cast(target, "float32"))
    if beta > 0:
        quadratic = 0.5 * ops.square(difference) / beta
        difference = ops.where(difference < beta, quadratic, difference - 0.5 * beta)
    return weighted_mean(difference, weight, normalizer)
