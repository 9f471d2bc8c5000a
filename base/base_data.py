"""BaseData: images by index in, batches of fixed shape out."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

import numpy as np

from base.batch import Batch, DataSpec, Sample
from base.loading import load_batches
from utils.errors import UserError


class BaseData(ABC):
    """A data set with its splits.

    The subclass writes `train()`, `val()` and `classes`. It gets batching, shuffling, sharding, prefetch and the
    position to resume from: the order and the augmentation depend on nothing but (seed, epoch, index).

    Args:
        config: the section `data`; `batch_size`, `val_batch_size`, `workers`, `prefetch`, `image_size`, `max_objects`
            are read here.
        seed: the seed of the run.
    """

    def __init__(self, config, seed: int):
        self.config = config
        self.seed = seed
        self._splits: dict[str, Sequence[Sample]] = {}

    def prepare(self) -> None:  # noqa: B027  (a data set that needs no preparation is a complete one)
        """Finds, downloads and checks the data; called once before anything else is asked for."""

    @abstractmethod
    def train(self) -> Sequence[Sample]:
        """The images to learn from: `len()` and `[i]`, safe to call from several threads."""

    @abstractmethod
    def val(self) -> Sequence[Sample]:
        """The images that choose the best checkpoint."""

    def test(self) -> Sequence[Sample]:
        """The images of the final figures; those of `val()` where a data set has no others."""
        return self.val()

    @property
    @abstractmethod
    def classes(self) -> tuple[str, ...]:
        """Names of the classes 1…K."""

    @property
    def num_classes(self) -> int:
        """K, without the background."""
        return len(self.classes)

    @property
    def spec(self) -> DataSpec:
        """What a model has to know of the data."""
        return DataSpec(self.classes, tuple(self.config.image_size), self.config.max_objects)

    @property
    def display_name(self) -> str:
        """The name that tables and `environment.json` carry."""
        return self.config.name

    @property
    def fingerprint(self) -> str:
        """A short hash of the content, kept with every result."""
        return f"{self.display_name}-{len(self.split('train'))}-{len(self.split('val'))}"

    def ground_truth(self, split: str) -> dict:
        """The objects of `"val"` or `"test"` as a COCO dict: lossless masks (RLE) in the file's images."""
        raise UserError(f"{type(self).__name__} has no ground_truth({split!r}); evaluators need it: write that method.")

    def prepare_sample(self, sample: Sample, rng: np.random.Generator | None) -> Sample:
        """Makes the fixed-shape arrays of the batch contract; augments where `rng` is given."""
        return sample

    def split(self, name: str) -> Sequence[Sample]:
        """`train()`, `val()` or `test()`, made once."""
        if name not in ("train", "val", "test"):
            raise ValueError(f"There is no split {name!r}: take 'train', 'val' or 'test'.")
        if name not in self._splits:
            self._splits[name] = getattr(self, name)()
        return self._splits[name]

    @property
    def steps_per_epoch(self) -> int:
        """Full batches in one pass over `train()`; the rest of a pass is left out, another rest each epoch."""
        steps = len(self.split("train")) // self.config.batch_size
        if not steps:
            raise UserError(
                f"The training split has {len(self.split('train'))} images, fewer than data.batch_size = "
                f"{self.config.batch_size}: make the batch smaller or add images."
            )
        return steps

    def train_batches(self, epoch: int, start: int = 0, shard: tuple[int, int] = (0, 1)) -> Iterator[Batch]:
        """The batches `start`, `start + 1`, … of one epoch, shuffled and augmented.

        Args:
            epoch: counts from 0.
            start: batches already taken in this epoch, over all replicas: where a resumed run goes on.
            shard: (i, n): of each batch, this process takes the rows i, i + n, i + 2n, …; `data.batch_size` and
                `steps_per_epoch` count the whole batch.

        Raises:
            UserError: a batch cannot be split into n parts of one size.
        """
        part, parts = shard
        order = self._random(epoch, 0).permutation(len(self.split("train")))
        size = self.config.batch_size
        if size % parts:
            raise UserError(f"data.batch_size = {size} is over all {parts} replicas: make it a multiple of {parts}.")
        indices = order[: self.steps_per_epoch * size].reshape(-1, size)[start:, part::parts].reshape(-1)
        return load_batches(lambda i: self._train_sample(epoch, int(i)), indices, size // parts, self.config)

    def eval_batches(self, split: str) -> Iterator[Batch]:
        """All images of a split in their order; the last batch is filled up with images that are not `valid`."""
        source = self.split(split)
        size = self.config.val_batch_size
        load = lambda i: self._eval_sample(source, int(i))  # noqa: E731
        return load_batches(load, np.arange(len(source)), size, self.config)

    def _train_sample(self, epoch: int, index: int) -> Sample:
        rng = self._random(epoch, 1 + index)
        return self.prepare_sample(self.split("train")[index], rng) | {"valid": np.bool_(True)}

    def _random(self, epoch: int, stream: int) -> np.random.Generator:
        # NumPy pads a seed with zeros: (seed, epoch) would be the stream of (seed, epoch, 0).
        return np.random.default_rng((self.seed, epoch, stream))

    def _eval_sample(self, source: Sequence[Sample], index: int) -> Sample:
        return self.prepare_sample(source[index], None) | {"valid": np.bool_(True)}
