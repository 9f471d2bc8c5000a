"""A network over all images of a split, for an evaluator: the step and the batches of training, or several views."""

from functools import partial

import keras
import numpy as np

from base.base_data import BaseData
from base.base_eval import BaseEvaluator
from base.base_model import BaseModel
from inference.compiled import compile_predict
from inference.predictor import Predictor
from utils.errors import UserError
from utils.progress import ImageProgress


def predict_split(
    model: BaseModel, data: BaseData, split: str, evaluator: BaseEvaluator, jit_compile: bool = False
) -> None:
    """Fills the evaluator with the predictions for a split.

    Args:
        model: with its weights.
        data: prepared, with the classes and the image size of the model.
        split: `"train"`, `"val"` or `"test"`; none is augmented here.
        evaluator: of that split's ground truth.
        jit_compile: as `trainer.jit_compile`.

    Raises:
        UserError: the data have other classes or another image size than the model.
    """
    for name in ("classes", "image_size"):
        found, wanted = getattr(data.spec, name), getattr(model.spec, name)
        if found != wanted:
            raise UserError(f"The model was trained with {name} {wanted}, the data have {found}: give its own config.")
    evaluator.reset()
    with ImageProgress(f"evaluating {split}", len(data.split(split))) as progress:
        if evaluator.views:
            _in_views(model, data, split, evaluator, progress)
        else:
            _in_batches(model, data, split, evaluator, progress, jit_compile)


def _in_batches(
    model: BaseModel, data: BaseData, split: str, evaluator: BaseEvaluator, progress: ImageProgress, jit_compile: bool
) -> None:
    predict = compile_predict(model, jit_compile, evaluator.soft)
    for batch in data.eval_batches(split):
        outputs = predict(data.task.inputs(batch))
        evaluator.update(batch, {key: keras.ops.convert_to_numpy(value) for key, value in outputs.items()})
        for _ in range(int(np.count_nonzero(batch["valid"]))):
            progress.advance()


def _in_views(model: BaseModel, data: BaseData, split: str, evaluator: BaseEvaluator, progress: ImageProgress) -> None:
    """Images as a Predictor gets them: a network's input may hold a tile of them."""
    section = evaluator.config.model_dump(mode="json")
    predictor = Predictor(model, data.config.val_batch_size, evaluator=section, **evaluator.views)
    samples, ids = data.split(split), {}

    def load(position: int) -> np.ndarray:
        sample = samples[position]
        ids[position] = int(sample["image_id"])
        return sample["image"]

    for one in predictor.stream((position, partial(load, position)) for position in range(len(samples))):
        if one.error is not None:
            raise one.error
        evaluator.add(ids.pop(one.source), one.result)
        progress.advance()
