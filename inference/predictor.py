"""Predictor: images of any size in, results in the images' own pixels out."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np

from base.base_model import BaseModel
from base.batch import Batch
from base.letterbox import letterbox
from base.loading import fill, stack
from base.task import load_task
from data_loader.images import read_rgb
from inference.compiled import compile_predict
from inference.restore import restore_model

Image = np.ndarray | Path | str
"""(h, w, 3) uint8 RGB, or the path of an image file."""


class Predictor:
    """A trained model ready to use; the same resizing and postprocessing as in training and evaluation.

    Args:
        model: with its weights.
        batch_size: images in one call of the network; the last batch of a list is filled up.
    """

    def __init__(self, model: BaseModel, batch_size: int = 1):
        if batch_size < 1:
            raise ValueError(f"Predictor received batch_size {batch_size}; give 1 or more")
        self.model = model
        self.batch_size = batch_size
        self.task = load_task(model.spec.task)
        self._step = compile_predict(model)

    @classmethod
    def load(cls, path: Path | str, which: str = "best", batch_size: int = 1) -> "Predictor":
        """From a run's folder or a checkpoint; see `inference.restore.restore_model`."""
        return cls(restore_model(path, which), batch_size)

    def predict(self, image: Image) -> Any:
        """The result of one image: `Detections` for instance segmentation, else what the task's `results` gives.

        Raises:
            DataError: the file is missing or does not decode.
            ValueError: the array is not a uint8 image of three channels.
            TypeError: it is neither an array nor a path.
        """
        return next(self.predict_all([image]))

    def predict_all(self, images: Iterable[Image]) -> Iterator[Any]:
        """The result of each image, in order; images are read batch by batch."""
        source = iter(images)
        while chunk := list(islice(source, self.batch_size)):
            samples = [self._sample(image) for image in chunk]
            batch = stack(fill(samples, self.batch_size))
            yield from self.task.results(self.outputs(batch), batch, self.model.spec)

    def outputs(self, batch: Batch) -> dict[str, np.ndarray]:
        """What the network predicts for a batch, in pixels of its input, before any postprocessing."""
        found = self._step({key: value for key, value in batch.items() if key in ("images", "image_size")})
        return {key: keras.ops.convert_to_numpy(value) for key, value in found.items()}

    def _sample(self, image: Image) -> dict[str, np.ndarray]:
        if not isinstance(image, np.ndarray | Path | str):
            raise TypeError(f"Predictor received a {type(image).__name__}; give an RGB array or the path of an image")
        pixels = image if isinstance(image, np.ndarray) else read_rgb(Path(image).expanduser())
        images, geometry = letterbox(pixels, self.model.spec.image_size)
        return {"images": images, **geometry.arrays(), "valid": np.array(True)}
