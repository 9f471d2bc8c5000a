"""Gradient checkpointing (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost")."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="maskeras")
class Remat(keras.layers.Layer):
    """Gradient checkpointing: a training step keeps the inputs only and recomputes the rest in the backward pass.

    Outputs, gradients and moving statistics are those of the part itself: the second pass sees the same weights, batch
    and random seeds, and changes no statistics.

    Args:
        part: a built network with one input and one output.
    """

    def __init__(self, part: keras.Model, **kwargs: Any):
        # Layers of the part cast for themselves. Cast here, weights would lose what their own dtype holds, for good
        # where they are assigned, and the second pass, which comes outside of this call, would see others.
        super().__init__(**{**kwargs, "dtype": "float32", "autocast": False})
        self.part = part

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """The part has its weights already."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """As the part does."""
        if not training:
            return self.part(inputs, training=training)
        trained, others = self.part.trainable_variables, self.part.non_trainable_variables
        changed: list[int] = []

        # All it depends on comes as an argument, so that running it twice assigns nothing twice.
        def once(inputs: Any, *values: Any) -> tuple[Any, ...]:
            before = values[len(trained) :]
            outputs, states = self.part.stateless_call(values[: len(trained)], before, inputs, training=True)
            changed[:] = [place for place, state in enumerate(states) if state is not before[place]]
            return outputs, *(states[place] for place in changed)

        # Copies: the variables are assigned before the second run, which needs what the first one saw.
        outputs, *states = keras.remat(once)(inputs, *(ops.copy(variable.value) for variable in (*trained, *others)))
        for place, state in zip(changed, states, strict=True):
            others[place].assign(state)
        return outputs

    def compute_output_spec(self, inputs: Any, training: bool | None = None) -> Any:
        """That of the part."""
        return self.part.compute_output_spec(inputs, training=training)

    def get_config(self) -> dict:
        """What makes the layer again."""
        return {**super().get_config(), "part": keras.saving.serialize_keras_object(self.part)}

    @classmethod
    def from_config(cls, config: dict) -> "Remat":
        """The layer that `get_config` describes."""
        return cls(**{**config, "part": keras.saving.deserialize_keras_object(config["part"])})
