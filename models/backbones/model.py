"""A model whose network starts with a backbone: what it is initialized from, and what of it is frozen."""

from typing import Any

import keras

from base.base_model import BaseModel
from base.initial_weights import InitialWeights
from base.variables import LoadReport, named_variables
from models.weights.pretrained import load_pretrained
from utils.errors import UserError


class BackboneModel(BaseModel):
    """Its section has `backbone` and may have `pretrained`; its network has `backbone` and `backbone_builder`.

    The network takes the whole batch, since it reads `image_size` besides the images.
    """

    def initialize_weights(self) -> InitialWeights:
        """The whole network's weights from the section `pretrained`, or the backbone's from `backbone.weights`."""
        name, pretrained = self.config.backbone.name, getattr(self.config, "pretrained", None)
        report = load_pretrained(self.network, pretrained, self.spec.classes, name) if pretrained else None
        if report is None:
            report = self.network.backbone_builder.load()
        return InitialWeights(f"{name} ({report})", pretrained=report.source is not None)

    def freeze(self) -> None:
        """What the section `backbone` wants frozen."""
        self.network.backbone_builder.freeze()

    def check_initial(self, report: LoadReport) -> None:
        """A checkpoint that lacks a part of the backbone is an error: the rest of it would be random."""
        held = set(report.loaded)
        backbone = {id(variable) for variable in self.network.backbone.variables}
        named = named_variables(self.network).items()
        missing = [path for path, variable in named if id(variable) in backbone and path not in held]
        if missing:
            raise UserError(
                f"model.init_from: {self.config.init_from} lacks {len(missing)} variables of the backbone "
                f"{self.config.backbone.name}, {missing[0]} for one. Take a checkpoint that was trained with this "
                "model.backbone, or leave model.init_from out."
            )

    def forward(self, batch: dict[str, Any], training: bool) -> dict[str, Any]:
        """The network's outputs for a whole batch."""
        return self.network(batch, training=training)

    def network_inputs(self) -> dict[str, Any]:
        """What an inference takes of the batch."""
        images = keras.KerasTensor((1, *self.spec.image_size, 3), "uint8")
        return {"images": images, "image_size": keras.KerasTensor((1, 2), "int32")}
