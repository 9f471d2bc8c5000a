"""What a checkpoint says of its model, before the model is built. No Keras."""

from base.batch import DataSpec
from base.checkpoint import Checkpoint, CheckpointError


def described(checkpoint: Checkpoint) -> tuple[DataSpec, dict]:
    """What the model was built for, and its section of the config.

    Raises:
        CheckpointError: a version wrote it that kept no description of the model.
    """
    if not {"spec", "model"} <= checkpoint.meta.keys():
        raise CheckpointError(
            f"{checkpoint.path} was written by version 0.1.0, which did not keep the model's config and data shapes in "
            "checkpoints. Convert it: resume its run once with this version (`--resume` with a larger trainer.epochs, "
            "or model.init_from in a new run with trainer.epochs=0); the checkpoint written then can be restored."
        )
    return DataSpec.from_dict(checkpoint.meta["spec"]), checkpoint.meta["model"]
