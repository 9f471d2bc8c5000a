"""The losses of a semantic segmentation, as the section `model.losses` names them."""

from collections.abc import Sequence

from models.losses.config import AnyLossConfig, PixelLossConfig
from models.losses.cross_entropy import boundary, cross_entropy, focal, ohem
from models.losses.overlap import dice, lovasz_softmax
from models.losses.pixels import pixels_of
from models.ops.boxes import Tensor
from utils.errors import UserError

_FUNCTIONS = {
    "cross_entropy": cross_entropy,
    "ohem": ohem,
    "focal": focal,
    "boundary": boundary,
    "dice": dice,
    "lovasz_softmax": lovasz_softmax,
}


class SemanticLosses:
    """Logits and labels → named terms.

    Args:
        losses: the section `model.losses`; class weights by frequency have become numbers, see
            `models.losses.class_weights.with_class_weights`.
        channels: C of the logits, the background included.

    Raises:
        UserError: there are not as many class weights as channels, or they are no numbers yet.
    """

    def __init__(self, losses: Sequence[AnyLossConfig], channels: int):
        self.losses = tuple(losses)
        for index, loss in enumerate(self.losses):
            if isinstance(loss, PixelLossConfig) and loss.class_weights is not None:
                _check_weights(loss.class_weights, channels, f"model.losses.{index}.class_weights")

    def __call__(self, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Name → scalar float32, times its weight; 0 where all pixels are ignored.

        Args:
            logits: (B, H, W, C) of any float dtype.
            labels: (B, H, W) int, 0…C-1; 255 is ignored: such a pixel changes no value and no gradient.
        """
        pixels = pixels_of(logits, labels)
        return {loss.name: loss.weight * _FUNCTIONS[loss.name](pixels, loss) for loss in self.losses}


def _check_weights(weights: tuple[float, ...] | str, channels: int, key: str) -> None:
    if isinstance(weights, str):
        raise UserError(
            f'{key} is "{weights}", which is no number until the labels were counted: give {channels} numbers, the '
            "background first, or fill them in by models.losses.class_weights.with_class_weights."
        )
    if len(weights) != channels:
        raise UserError(
            f"{key} has {len(weights)} numbers; the network has {channels} channels: give one for the background, then "
            "one for each class."
        )
