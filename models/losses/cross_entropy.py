"""Cross entropy over pixels and what is derived from it: label smoothing, hard pixels, focal, boundaries.

Each is a weighted mean over the pixels that are not ignored: (pixels, its section) → scalar float32, and 0 where all
are ignored.
"""

import math

from keras import ops

from models.losses.config import BoundaryConfig, CrossEntropyConfig, FocalConfig, OhemConfig, PixelLossConfig
from models.losses.functional import weighted_mean
from models.losses.pixels import Pixels
from models.ops.boxes import Tensor


def cross_entropy(pixels: Pixels, config: CrossEntropyConfig) -> Tensor:
    """−log of the label's probability; with label smoothing ε of the target (Szegedy et al. 2016, section 7) mixed in.

    Equal to PyTorch's `cross_entropy(…, weight, ignore_index=255, label_smoothing)`: the smoothed part counts each
    class by its own weight, and the sum is divided by the weights of the labels.
    """
    weight, share = class_weight(pixels, config), config.label_smoothing
    loss = weighted_mean(pixels.negative_log_likelihood, weight)
    if not share:
        return loss
    every = -pixels.log_probabilities / pixels.log_probabilities.shape[-1]
    if config.class_weights is not None:
        every = every * ops.convert_to_tensor(config.class_weights, "float32")
    smoothed = weighted_mean(ops.sum(every, axis=-1), pixels.counted, ops.sum(weight))
    return (1 - share) * loss + share * smoothed


def ohem(pixels: Pixels, config: OhemConfig) -> Tensor:
    """Cross entropy of the hard pixels (online hard example mining, Shrivastava et al. 2016; of pixels Wu et al. 2016).

    Hard are those whose label has a probability below `threshold`, and the `min_kept` part of the highest loss over the
    batch: the rule of `OHEMPixelSampler` in mmsegmentation, which has a number of pixels where this has a part.
    """
    loss = pixels.negative_log_likelihood
    values = ops.stop_gradient(loss)
    ranked = ops.sort(ops.reshape(ops.where(pixels.counted, values, -1.0), (-1,)))
    number = ops.sum(ops.cast(pixels.counted, "float32"))
    kept = ops.maximum(ops.cast(ops.round(config.min_kept * number), "int32"), 1)
    least = ops.take(ranked, ops.shape(ranked)[0] - kept)
    bound = -math.log(config.threshold) if config.threshold else math.inf
    # Written as what is not easy, so that a loss that is no number is hard, and seen.
    easy = ops.logical_and(values <= bound, values < least)
    return weighted_mean(loss, class_weight(pixels, config) * ops.cast(ops.logical_not(easy), "float32"))


def focal(pixels: Pixels, config: FocalConfig) -> Tensor:
    """−(1 − p)^γ log p of the label's probability p (Lin et al. 2017, equation 4, over a softmax).

    The paper's α of a class is its weight; the mean is over all pixels, by these weights.
    """
    loss = pixels.negative_log_likelihood
    # Of p = 1 a power below 1 has an infinite slope.
    rest = ops.maximum(-ops.expm1(-loss), 1e-7)
    return weighted_mean(ops.power(rest, config.gamma) * loss, class_weight(pixels, config))


def boundary(pixels: Pixels, config: BoundaryConfig) -> Tensor:
    """Cross entropy weighted by `boundary_weight` (Ronneberger et al. 2015, section 3)."""
    weight = boundary_weight(pixels.labels, pixels.counted, config.amplitude, config.sigma)
    return weighted_mean(pixels.negative_log_likelihood, class_weight(pixels, config) * weight)


def boundary_weight(labels: Tensor, counted: Tensor, amplitude: float, sigma: float) -> Tensor:
    """1 + amplitude · exp(−d² / 2σ²) at the distance d to the nearest pixel of another class.

    U-Net's equation 2 has the distances to two cells, where this has the one to another class. It is the chessboard
    distance: found by growing windows, whose largest and smallest label tell whether there is another one. Ignored
    pixels are no class, and do not end the search: the void line of PASCAL VOC has classes on both sides.

    Args:
        labels: (B, H, W) int.
        counted: (B, H, W) bool.
        amplitude: of the weight.
        sigma: in pixels; beyond 3σ the weight is 1.

    Returns:
        (B, H, W) float32.
    """
    own = ops.cast(labels, "float32")[..., None]
    inside = counted[..., None]
    highest = ops.where(inside, own, -math.inf)
    lowest = ops.where(inside, -own, -math.inf)
    weight = ops.zeros_like(own)
    for distance in range(1, math.ceil(3 * sigma) + 1):
        highest, lowest = _grown(highest), _grown(lowest)
        other = ops.logical_or(highest > own, lowest > -own)
        here = amplitude * math.exp(-(distance**2) / (2 * sigma**2))
        weight = ops.maximum(weight, here * ops.cast(other, "float32"))
    return 1 + weight[..., 0]


def class_weight(pixels: Pixels, config: PixelLossConfig) -> Tensor:
    """(B, H, W) float32: the weight of each pixel's class; 0 where ignored."""
    counted = ops.cast(pixels.counted, "float32")
    if config.class_weights is None:
        return counted
    return counted * ops.take(ops.convert_to_tensor(config.class_weights, "float32"), pixels.labels)


def _grown(values: Tensor) -> Tensor:
    """The largest value in the 3×3 window around each pixel."""
    return ops.max_pool(values, 3, 1, padding="same", data_format="channels_last")
