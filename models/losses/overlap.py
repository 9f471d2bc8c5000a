"""Losses that compare regions: Dice and Lovász-softmax.

Each is a mean over classes: (pixels, its section) → scalar float32, and 0 where no class has a pixel. Ignored pixels
belong to no region.
"""

from keras import ops

from models.losses.config import DiceConfig, LovaszConfig
from models.losses.functional import weighted_mean
from models.losses.pixels import Pixels
from models.ops.boxes import Tensor


def dice(pixels: Pixels, config: DiceConfig) -> Tensor:
    """1 − (2 Σ p t + s) / (Σ p + Σ t + s) of each class over all pixels of the batch, s = `smooth`.

    Milletari et al. 2016, section 3, with sums of p and t in place of their squares, as Sudre et al. 2017.
    """
    found, wanted = pixels.regions
    shared, both = ops.sum(found * wanted, axis=0), ops.sum(found + wanted, axis=0)
    whole = both + config.smooth
    overlap = (2 * shared + config.smooth) / ops.where(whole > 0, whole, 1.0)
    return weighted_mean(1 - overlap, _counted_classes(ops.sum(wanted, axis=0), config.classes, pixels))


def lovasz_softmax(pixels: Pixels, config: LovaszConfig) -> Tensor:
    """The Lovász extension of 1 − IoU at the errors |t − p| (Berman et al. 2018, Lovász-softmax)."""
    found, wanted = pixels.regions
    counted = ops.broadcast_to(ops.reshape(ops.cast(pixels.counted, "float32"), (-1, 1)), ops.shape(wanted))
    images = ops.shape(pixels.labels)[0] if config.per_image else 1
    errors, targets, counted = (_by_class(each, images) for each in (ops.abs(wanted - found), wanted, counted))
    losses = lovasz_extension(errors, targets, counted)
    counts = ops.any((targets if config.classes == "present" else counted) > 0, axis=1)
    # The mean over the classes of each image, then over the images that have any.
    weight = ops.reshape(ops.cast(counts, "float32"), (images, -1))
    number = ops.sum(weight, axis=1)
    means = ops.sum(ops.reshape(losses, (images, -1)) * weight, axis=1) / ops.maximum(number, 1.0)
    return weighted_mean(means, number > 0)


def lovasz_extension(errors: Tensor, targets: Tensor, counted: Tensor) -> Tensor:
    """Of each row the errors, descending, times what each pixel adds to the Jaccard loss of those before it.

    Algorithm 1 of Berman et al. 2018. What a pixel adds is written as a fraction, I the pixels of the region that are
    not yet wrong and U the union: 1 / U for one of the region, I / (U (U − 1)) for another. As a difference of two
    numbers near 1, as in the authors' code, it has no digits left for a million pixels.

    Args:
        errors: (R, N) in 0…1; 0 where not counted.
        targets: (R, N) 1 in the region, else 0.
        counted: (R, N) 1 where the pixel counts, else 0.

    Returns:
        (R,) float32.
    """
    order = ops.argsort(-ops.stop_gradient(errors), axis=1)
    errors, targets, counted = (ops.take_along_axis(each, order, axis=1) for each in (errors, targets, counted))
    region = ops.sum(targets, axis=1, keepdims=True)
    others = (1 - targets) * counted
    right = region - ops.cumsum(targets, axis=1)
    union = region + ops.cumsum(others, axis=1)
    of_region = targets / ops.maximum(union, 1.0)
    of_others = others * right / ops.maximum(union * (union - 1), 1.0)
    # Without a region the first pixel alone makes the IoU 0.
    first = others * ops.cast(union <= 1, "float32") * ops.cast(region <= 0, "float32")
    return ops.sum(errors * ops.stop_gradient(of_region + of_others + first), axis=1)


def _counted_classes(wanted: Tensor, classes: str, pixels: Pixels) -> Tensor:
    """(C,) float32, 1 for a class of the mean; none where all pixels are ignored."""
    if classes == "present":
        return ops.cast(wanted > 0, "float32")
    return ops.cast(ops.any(pixels.counted), "float32") + ops.zeros_like(wanted)


def _by_class(values: Tensor, images: Tensor | int) -> Tensor:
    """(N, C) → (images · C, N / images): the classes of each image, one in a row."""
    channels = values.shape[-1]
    apart = ops.transpose(ops.reshape(values, (images, -1, channels)), (0, 2, 1))
    return ops.reshape(apart, (images * channels, -1))
