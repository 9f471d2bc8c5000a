"""Disks and squares (`tests.unet`) for the task that the template has: ground truth in the size of the files, no task,
metric or image of the test's own."""

from keras import ops

from base.labels import LabelTruth
from data_loader.config import AugmentConfig, InstanceDataConfig
from models.losses.config import CrossEntropyConfig, DiceConfig, Losses
from models.losses.semantic import SemanticLosses
from tests.unet.data import ShapesData
from tests.unet.model import UNet, UNetConfig


class LabeledShapesConfig(InstanceDataConfig):
    """Ten images."""

    name: str = "tests.semantic.parts:LabeledShapes"
    """The dotted path of the class."""
    augment: AugmentConfig | None = AugmentConfig(scale=0.0, rotation=0.0, color=0.0, blur=0.0)
    """Flips alone."""


class LabeledShapes(ShapesData):
    config_class = LabeledShapesConfig
    task_name = "semantic"

    def ground_truth(self, split):
        samples = {sample["image_id"]: sample for sample in self.split(split)}
        return LabelTruth(self.classes, tuple(samples), lambda image_id: samples[image_id]["labels"])


class SoftUNetConfig(UNetConfig):
    """A small U-Net."""

    name: str = "tests.semantic.parts:SoftUNet"
    """The dotted path of the class."""
    losses: Losses = (CrossEntropyConfig(), DiceConfig(weight=0.5))
    """The loss terms."""


class SoftUNet(UNet):
    config_class = SoftUNetConfig
    task = "semantic"

    def compute_losses(self, batch, outputs):
        return SemanticLosses(self.config.losses, self.spec.num_classes + 1)(outputs, batch["labels"])

    def predict_soft(self, batch):
        logits = self.forward(batch, training=False)
        return {
            "labels": ops.cast(ops.argmax(logits, axis=-1), "int32"),
            "probabilities": ops.softmax(ops.cast(logits, "float32"), axis=-1),
        }
