"""Task: what differs between kinds of segmentation, declared in one object for each (`tasks/`).

Everything else (the loop, the checkpoints, the reports, the benchmark, the Predictor) asks this object and assumes
nothing about boxes, masks or labels.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from base.batch import Batch, DataSpec, Sample, Size
from base.view import View, Window
from utils.registry import TASKS, RegistryError, load_object, nearest

if TYPE_CHECKING:  # they need this module
    from base.analysis import Analysis
    from base.base_eval import BaseEvaluator

Shapes = dict[str, tuple[tuple[int, ...], str]]
"""Key of a batch → shape and dtype of its array."""


def image_shapes(spec: DataSpec, batch_size: int) -> Shapes:
    """Those of the keys that every batch has: the images, where they come from and whether they are valid."""
    return {
        "images": ((batch_size, *spec.image_size, 3), "uint8"),
        "image_size": ((batch_size, 2), "int32"),
        "image_id": ((batch_size,), "int64"),
        "original_size": ((batch_size, 2), "int32"),
        "scale_to_original": ((batch_size, 2), "float32"),
        "valid": ((batch_size,), "bool"),
    }


@dataclass(frozen=True)
class MetricTable:
    """Metrics as rows, for a terminal, a text file or a page.

    Attributes:
        head: titles of the columns; the first column holds names.
        rows: a name and numbers; NaN and None are metrics without a value.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]


class Task(ABC):
    """One kind of segmentation. Stateless: one object serves data, models and reports alike.

    Attributes:
        targets: keys of a batch that losses and evaluators alone may read; they never reach a prediction.
        monitor: the validation metric that names the best checkpoint unless the config names another.
        mode: whether a larger or a smaller value of `monitor` is better.
        curves: validation metrics that the history plot shows.
        result: the class of `results`, where `predict_main` can write files of them: an `inference.result.Result`.
        soft: whether `results` are made of the predictions of `BaseModel.predict_soft` in place of those of `predict`.
    """

    targets: frozenset[str]
    monitor: str
    mode: Literal["max", "min"] = "max"
    curves: tuple[str, ...] = ()
    result: type | None = None
    soft: bool = False

    def inputs(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """The batch as a prediction gets it: without `targets`."""
        return {key: value for key, value in batch.items() if key not in self.targets}

    def limits(self, config: Any) -> dict[str, int]:
        """Capacities of a batch that only this task has, from the section `data`: `DataSpec.limits`."""
        return {}

    @abstractmethod
    def shapes(self, spec: DataSpec, batch_size: int) -> Shapes:
        """Keys, shapes and dtypes of a training batch."""

    def dummy_batch(self, spec: DataSpec, batch_size: int, seed: int = 0) -> Batch:
        """A training batch without a data set, for benchmarks: the same for the same arguments.

        Unless overridden: noise as images that fill the input, zeros as targets.
        """
        batch = {key: np.zeros(shape, dtype) for key, (shape, dtype) in self.shapes(spec, batch_size).items()}
        batch["images"] = np.random.default_rng(seed).integers(0, 256, batch["images"].shape, np.uint8)
        geometry = {"image_size": spec.image_size, "original_size": spec.image_size, "scale_to_original": 1}
        for key, value in {**geometry, "valid": True}.items():
            if key in batch:
                batch[key][:] = value
        return batch

    def prepare(self, sample: Sample, config: Any, rng: np.random.Generator | None) -> Sample:
        """A raw sample of the data set → the arrays of the batch contract, augmented where `rng` is given.

        Without `rng` (validation, test) the image is resized by `base.letterbox` and nothing else, so predictions can
        be mapped back to the image's own pixels. Unless overridden, samples are taken as they are.

        Args:
            sample: what `BaseData.train()`, `val()` or `test()` holds.
            config: the section `data`.
            rng: the only source of randomness.
        """
        return sample

    def results(self, predictions: Mapping[str, np.ndarray], batch: Batch, spec: DataSpec) -> list[Any]:
        """What a network predicted, as one object for each valid image, in that image's own pixels.

        Unless overridden: dicts of the rows of `predictions`.
        """
        return [{key: value[row] for key, value in predictions.items()} for row in np.flatnonzero(batch["valid"])]

    def as_evaluated(self, evaluator: Mapping[str, Any]) -> "Task":
        """The task whose results are made as those that an evaluator measures; itself unless overridden.

        Args:
            evaluator: the section `evaluator` of a run, JSON values; empty where it is not known.
        """
        return self

    def part(self, predictions: Mapping[str, np.ndarray], batch: Batch, spec: DataSpec) -> Any:
        """What was found in one window of an image, as `merge_tiles` and `finished` take it; unless overridden its
        result.

        Args:
            predictions: of `BaseModel.predict_soft`, with an axis of one image.
            batch: of the window.
            spec: classes.
        """
        return self.results(predictions, batch, spec)[0]

    def finished(self, part: Any, spec: DataSpec) -> Any:
        """The result of an image that is one window, from what `part` or `fuse_views` gave; unless overridden that."""
        return part

    def fuse_views(
        self, found: Sequence[tuple[Mapping[str, np.ndarray], Batch]], views: Sequence[View], spec: DataSpec, tta: Any
    ) -> Any:
        """One `part` from several views of the same window of an image: what test-time augmentation needs.

        Args:
            found: of each view what the network predicted, and its row of the batch, both with an axis of one image.
            views: how the window was flipped and resized.
            spec: classes.
            tta: the Predictor's settings, see `inference.tta.Tta`.

        Returns:
            As `part`, in pixels of the window as it is.

        Raises:
            NotImplementedError: the task has none; a Predictor refuses it before it reads an image.
        """
        raise NotImplementedError(f"{type(self).__name__} has no fuse_views, which test-time augmentation needs")

    def merge_tiles(
        self, parts: Sequence[Any], windows: Sequence[Window], size: Size, spec: DataSpec, tiling: Any
    ) -> Any:
        """One result from those of overlapping windows of an image: what tiles need.

        Args:
            parts: of each window, in its own pixels, see `part` and `fuse_views`.
            windows: in pixels of the image.
            size: height and width of the image.
            spec: classes.
            tiling: the Predictor's settings, see `inference.tiling.Tiling`.

        Returns:
            As one of `results`, for the whole image.

        Raises:
            NotImplementedError: the task has none; a Predictor refuses it before it reads an image.
        """
        raise NotImplementedError(f"{type(self).__name__} has no merge_tiles, which tiles need")

    def draw(
        self, batch: Batch, predictions: Mapping[str, np.ndarray], ground_truth: Any, spec: DataSpec
    ) -> list[np.ndarray]:
        """One uint8 RGB image for people for each valid image, the prediction beside the ground truth; or none.

        Args:
            batch: of an evaluation.
            predictions: of this batch.
            ground_truth: what `BaseData.ground_truth(split)` returned.
            spec: classes.
        """
        return []

    def charts(self, evaluator: "BaseEvaluator") -> dict[str, np.ndarray]:
        """Name → uint8 RGB image of what an evaluator found in a validation, for the logger; none unless overridden."""
        return {}

    def tables(self, metrics: Mapping[str, float]) -> Sequence[MetricTable]:
        """The metrics of a split, arranged for people."""
        return (MetricTable(("metric", "value"), tuple(metrics.items())),)

    def plot_analysis(self, analysis: "Analysis", folder: Path) -> dict[str, Path]:
        """Writes plots of what the task's evaluator found; caption → PNG file."""
        return {}

    def draw_analyzed(self, analysis: "Analysis", image_id: int, image: np.ndarray) -> np.ndarray:
        """What was predicted for an image beside the ground truth, uint8 RGB; unless overridden the image itself.

        Args:
            analysis: of the task's evaluator.
            image_id: one of `analysis.images`.
            image: (h, w, 3) uint8 RGB, in the file's size.
        """
        return image

    def per_class(self, metrics: Mapping[str, float]) -> dict[str, dict[str, float]]:
        """Name of a metric → class → value, the main metric first: what the bar plot shows; empty for no plot."""
        return {}


def load_task(name: str) -> Task:
    """The task of this name, or at a dotted path `package.module:Class`.

    Raises:
        RegistryError: there is none; lists the choices.
    """
    if name not in TASKS and ":" not in name:
        near = nearest(name, TASKS)
        hint = f' Did you mean "{near}"?' if near else ""
        raise RegistryError(f'There is no task "{name}".{hint} Choices: {", ".join(TASKS)}, or package.module:Class.')
    return load_object(TASKS.get(name, name))()
