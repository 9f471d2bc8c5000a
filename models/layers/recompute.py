"""Gradient checkpointing (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost")."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="maskeras")
class Recompute(keras.layers.Layer):
    """A part of a network of which a training step keeps only the inputs, and computes the rest again on the way back.

    Outputs, gradients and moving statistics are those of the part itself: the second pass sees the same weights, batch
    and random seeds, and changes no statistics.

    Args:
        part: a built network with one input and one output.
    """

    def __init__(self, part: keras.Model, **kwargs: Any):
        super().__init__(**kwargs)
        self.part = part

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """The part has its weights already."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """As the part does."""
        if not training:
            return self.part(inputs, training=training)
        trained, others = self.part.trainable_variables, self.part.non_trainable_variables

        # All it depends on comes as an argument, so that running it twice assigns nothing twice.
        def once(inputs: Any, *values: Any) -> tuple[Any, ...]:
            weights = values[: len(trained)], values[len(trained) :]
            outputs, states = self.part.stateless_call(*weights, inputs, training=True)
            return outputs, *states

        # Copies: the variables are assigned before the second run, which needs what the first one saw.
        outputs, *states = keras.remat(once)(inputs, *(ops.copy(variable.value) for variable in (*trained, *others)))
        for variable, state in zip(others, states, strict=True):
            variable.assign(state)
        return outputs

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """That of the part."""
        return self.part.compute_output_shape(input_shape)

    def get_config(self) -> dict:
        """What makes the layer again."""
        return {**super().get_config(), "part": keras.saving.serialize_keras_object(self.part)}

    @classmethod
    def from_config(cls, config: dict) -> "Recompute":
        """The layer that `get_config` describes."""
        return cls(**{**config, "part": keras.saving.deserialize_keras_object(config["part"])})
