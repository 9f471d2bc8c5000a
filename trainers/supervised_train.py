"""SupervisedTrain: a compiled step, an optimizer with its schedule, averaged weights."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from base.base_data import evenly_spread
from base.base_eval import BaseEvaluator
from base.base_model import part
from base.base_train import BaseTrain
from base.batch import Batch
from base.checkpoint import Checkpoint, CheckpointError
from base.variables import to_array
from inference.compiled import compile_predict
from trainers.config import TrainerConfig
from trainers.optimizers import build_optimizer, build_schedule
from trainers.schedules import WarmUpSchedule
from trainers.steps import compile_train_step

log = logging.getLogger("maskeras")


class SupervisedTrain(BaseTrain):
    """Minimizes the sum of `model.compute_losses` by gradient descent. Arguments as in `BaseTrain`.

    `network.optimizer` is the optimizer, where callbacks look for it. `images` are `config.logged_images` of the split
    that was evaluated last, spread evenly, as the task draws them.
    """

    config: TrainerConfig
    config_class = TrainerConfig

    def __init__(self, model, data, config, **others):
        super().__init__(model, data, config, **others)
        self.schedule = build_schedule(config, data.steps_per_epoch)
        self.optimizer = build_optimizer(config, model.network, self.schedule)
        model.network.optimizer = self.optimizer
        self._train = compile_train_step(model, self.optimizer, config.jit_compile)
        self._predictions = {soft: compile_predict(model, config.jit_compile, soft) for soft in (False, True)}
        self._soft = False

    def train_step(self, batch: Batch) -> dict[str, Any]:
        """One compiled update."""
        return self._train(batch)

    def predict_step(self, batch: Batch) -> dict[str, np.ndarray]:
        """One compiled prediction, of the kind that the evaluator takes; keys as in `BaseTrain`."""
        found = self._predictions[self._soft](batch)
        return {key: keras.ops.convert_to_numpy(value) for key, value in found.items()}

    def evaluate(self, split: str, evaluator: BaseEvaluator) -> dict[str, float]:
        """As in `BaseTrain`, with the EMA weights where the optimizer keeps them; fills `images`."""
        self.images, self._evaluated, self._soft = [], 0, evaluator.soft
        self._drawn = set(evenly_spread(len(self.data.split(split)), self.config.logged_images))
        with self.ema_weights():
            return super().evaluate(split, evaluator)

    def on_evaluated(self, split: str, batch: Batch, predictions: dict[str, np.ndarray], ground_truth: Any) -> None:
        """Keeps the images that were chosen."""
        for row in np.flatnonzero(batch["valid"]):
            if self._evaluated in self._drawn:
                one, found = ({key: value[[row]] for key, value in part.items()} for part in (batch, predictions))
                self.images += self.task.draw(one, found, ground_truth, self.data.spec)
            self._evaluated += 1

    def validate(self) -> dict[str, float]:
        """As in `BaseTrain`; the images and the task's charts go to the logger."""
        metrics = super().validate()
        if self.logger and self.evaluator:
            named = {f"images/{number:02d}": image for number, image in enumerate(self.images)}
            named |= {f"charts/{name}": image for name, image in self.task.charts(self.evaluator).items()}
            if named:
                self.logger.summarize(self.model.global_step, named, "val")
        return metrics

    @contextmanager
    def ema_weights(self) -> Iterator[None]:
        """While entered, the network has the EMA (exponential moving average) of its weights; without `ema` its own."""
        if self.config.optimizer.ema is None or not self.model.global_step:
            yield
            return
        variables = self.model.network.trainable_variables
        raw = [to_array(variable) for variable in variables]
        self.optimizer.finalize_variable_values(variables)
        try:
            yield
        finally:
            for variable, value in zip(variables, raw, strict=True):
                variable.assign(value)

    def ema(self) -> dict[str, np.ndarray]:
        """As in `BaseTrain`; empty without `ema`."""
        if self.config.optimizer.ema is None:
            return {}
        with self.ema_weights():
            return {v.path: to_array(v) for v in self.model.network.trainable_variables}

    def state(self) -> dict[str, np.ndarray]:
        """The optimizer's variables by position, for their paths are not unique for every optimizer; the bytes of its
        class's name; the learning rate of the config."""
        arrays = (to_array(variable) for variable in self.optimizer.variables)
        name = np.frombuffer(self._optimizer_class().encode(), np.uint8)
        told = {"optimizer_class": name, "configured_rate": np.array(self.config.optimizer.learning_rate)}
        return {f"optimizer/{i:05d}": array for i, array in enumerate(arrays)} | told

    def load_state(self, arrays: dict[str, np.ndarray]) -> None:
        """Restores the optimizer's variables; a learning rate that a callback set is one of them.

        Raises:
            CheckpointError: they belong to another optimizer or another set of trained weights.
        """
        self._check_optimizer_class(arrays)
        variables = self.optimizer.variables
        values = [arrays[key] for key in sorted(arrays) if key.startswith("optimizer/")]
        if [tuple(v.shape) for v in variables] != [value.shape for value in values]:
            raise CheckpointError(
                f"The checkpoint holds {len(values)} variables of an optimizer, {self.config.optimizer.name} has "
                f"{len(variables)} here, or their shapes differ: resume with the trainer.optimizer, the frozen stages "
                "and the precision that the run started with."
            )
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)

    def restore(self, checkpoint: Checkpoint) -> None:
        """As in `BaseTrain`; the learning rate stays that of the checkpoint unless the config names another than
        before."""
        super().restore(checkpoint)
        self._take_new_rate(part(checkpoint.arrays, "trainer"))

    def extra_scalars(self) -> dict[str, float]:
        """The learning rate of the last update."""
        if isinstance(self.schedule, WarmUpSchedule):
            # Keras counts updates here, though it counts batches inside.
            return {"learning_rate": self.schedule.last(int(keras.ops.convert_to_numpy(self.optimizer.iterations)))}
        return {"learning_rate": float(keras.ops.convert_to_numpy(self.optimizer.learning_rate))}

    def _optimizer_class(self) -> str:
        return type(getattr(self.optimizer, "inner_optimizer", self.optimizer)).__name__  # mixed_float16 wraps it

    def _check_optimizer_class(self, arrays: dict[str, np.ndarray]) -> None:
        # The shapes do not show it: SGD's momentum has those of RMSprop's mean square.
        now = self._optimizer_class()
        before = arrays["optimizer_class"].tobytes().decode() if "optimizer_class" in arrays else now
        if before != now:
            raise CheckpointError(
                f"The checkpoint holds the variables of the optimizer {before}, this run has {now}: resume with the "
                "trainer.optimizer.name that the run started with, or a new run with model.init_from."
            )

    def _take_new_rate(self, arrays: dict[str, np.ndarray]) -> None:
        now = self.config.optimizer.learning_rate
        before = float(arrays.get("configured_rate", now))
        # Without a schedule the rate is a variable, so that of the checkpoint has taken the place of the config's.
        if isinstance(self.schedule, float) and before != now:
            self.optimizer.learning_rate = now
            log.info("trainer.optimizer.learning_rate was %g and is %g now: the run continues with that", before, now)
