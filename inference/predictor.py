"""Predictor: images of any size in, results in the images' own pixels out."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from base.base_model import BaseModel
from base.batch import Batch
from base.checkpoint import find_checkpoint
from base.task import load_task
from data_loader.cores import usable_cores
from inference.compiled import compile_predict, useful_calls
from inference.reading import Image, Named, load_image, named, read_image
from inference.remote import UrlLimits
from inference.restore import model_of
from inference.steps import Item, Steps, call_now
from inference.stream import BROKEN, Predicted, stream
from inference.tiling import Tiling
from inference.tta import Tta


class Predictor:
    """A trained model ready to use; the same resizing and postprocessing as in training and evaluation.

    Args:
        model: with its weights.
        batch_size: images in one call of the network; the last batch is filled up.
        tile: how images larger than the network's input are cut into tiles, `inference.tiling.Tiling()`; None: they are
            made smaller.
        tta: test-time augmentation, `inference.tta.Tta()`: each image is predicted in several views; None for one.
        url_limits: what an image at an http(s) address may take; None for the defaults.
        evaluator: the section `evaluator` of the run, JSON values: its `mask_threshold` makes masks of
            probabilities; None for the default; `load` takes that of the checkpoint.

    Raises:
        UserError: the task of the model cannot merge tiles or views.
    """

    def __init__(
        self,
        model: BaseModel,
        batch_size: int = 1,
        tile: Tiling | None = None,
        tta: Tta | None = None,
        url_limits: UrlLimits | None = None,
        evaluator: Mapping[str, Any] | None = None,
    ):
        if batch_size < 1:
            raise ValueError(f"Predictor received batch_size {batch_size}; give 1 or more")
        self.model = model
        self.batch_size = batch_size
        self.url_limits = url_limits
        self.task = load_task(model.spec.task).as_evaluated(evaluator or {})
        self._step = compile_predict(model, soft=self.task.soft or tile is not None or tta is not None)
        self.steps = Steps(self.task, model.spec, self.outputs, batch_size, tile, tta)

    @classmethod
    def load(cls, path: Path | str, which: str = "best", **options: Any) -> "Predictor":
        """From a run's folder or a checkpoint; see `inference.restore.restore_model`. `options`: those of the class."""
        checkpoint = find_checkpoint(Path(path).expanduser(), which)
        return cls(model_of(checkpoint), **{"evaluator": checkpoint.meta.get("evaluator"), **options})

    def predict(self, images: Image | Iterable[Image]) -> Any:
        """The result of one image, a list of results for a list of images, an iterator of results for any other.

        A result is a `Detections` for instance segmentation, else what the task's `results` gives.

        Args:
            images: an array (h, w, 3) uint8 RGB, the path of an image file or an http(s) address; or several of these.

        Raises:
            DataError: a file or address is missing or not allowed, or does not decode.
            ValueError: an array is not a uint8 image of three channels.
            TypeError: it is none of these.
        """
        if isinstance(images, list | tuple):
            return list(self.predict_all(images))
        if isinstance(images, Iterable) and not isinstance(images, np.ndarray | str):
            return self.predict_all(images)
        item = self.steps.item(images, read_image(images, self.url_limits))
        ((_, result),) = self.steps.run([item], call_now)
        return result.result()

    def predict_all(self, images: Iterable[Image]) -> Iterator[Any]:
        """The result of each image, in order, predicted in the background; the first broken image is raised.

        Raises:
            DataError, ValueError, TypeError: as `predict`, when it is the image's turn.
        """
        for one in self.stream(images):
            if one.error is not None:
                raise one.error
            yield one.result

    def stream(
        self, images: Iterable[Image | Named], read_ahead: int | None = None, readers: int | None = None
    ) -> Iterator[Predicted]:
        """Images of any number with their results, in order; a broken image has an error and does not end it.

        Reading, the network, pasting masks and what the caller does run at the same time. Closing the iterator, or
        leaving it, ends the threads. On a CPU TensorFlow predicts two batches at a time, whose activations are both in
        memory.

        Args:
            images: arrays, paths, addresses, or pairs of a name and an image or a function that gives one.
            read_ahead: images in memory beyond those in the network; None for two batches and two more.
            readers: threads that read and decode; None for one for each core, at most 8.

        Raises:
            Exception: whatever `images` or the network raises, after the images before it.
        """
        ahead = 2 * self.batch_size + 2 if read_ahead is None else read_ahead
        if ahead < 1:
            raise ValueError(f"Predictor.stream received read_ahead {read_ahead}; give 1 or more")
        readers = readers or min(usable_cores(), 8)
        return stream(images, self._read, self.steps, ahead, readers, useful_calls())

    def outputs(self, batch: Batch) -> dict[str, np.ndarray]:
        """What the network predicts for a batch, in pixels of its input, before any postprocessing."""
        found = self._step({key: value for key, value in batch.items() if key in ("images", "image_size")})
        return {key: keras.ops.convert_to_numpy(value) for key, value in found.items()}

    def _read(self, source: Image | Named) -> Item:
        name, image = named(source)
        try:
            return self.steps.item(name, load_image(image, self.url_limits))
        except BROKEN as error:
            return Item(name, error=error)
