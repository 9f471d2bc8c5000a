"""BaseTrain: the loop over epochs and steps, in plain sight."""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from base.base_data import BaseData
from base.base_eval import BaseEvaluator
from base.base_model import BaseModel, part
from base.batch import Batch
from base.callbacks import build_callbacks
from base.checkpoint import Checkpoint
from base.config import LoopConfig
from base.early_stopping import should_stop
from base.interrupts import Interrupted, Interrupts
from base.loss_window import LossWindow
from base.random_state import random_states, restore_random_states
from base.variables import load_network_arrays, network_arrays
from utils.errors import UserError
from utils.logger.logger import Logger
from utils.progress import TrainingProgress
from utils.registry import nearest

log = logging.getLogger("maskeras")


class BaseTrain(ABC):
    """Trains a model on data.

    The subclass writes `train_step(batch)` and, where it has state of its own (an optimizer), `state()` and
    `load_state()`. It gets `train()`: epochs, validation, standard Keras callbacks, checkpoints, resume, logging and
    progress.

    Args:
        model: built, with `init_saver()` called.
        data: prepared.
        config: the section `trainer`.
        logger: where losses and metrics go; None: nowhere.
        evaluator: of the validation split; None: no validation.
        callbacks: `keras.callbacks.Callback`s, called after those of `trainer.callbacks`; `network.stop_training =
            True` ends the run after the step. What a callback knows is in no checkpoint: a resumed run has new ones.

    Attributes:
        step_in_epoch: steps made of the epoch `model.cur_epoch`.
        history: the monitored metric at each validation.
        seconds: that the training took, up to the last checkpoint, over all resumes.
        images: what a subclass keeps of the last evaluation for people, uint8 RGB.
        checkpoint: the section `checkpoint` with the task's metric where the config names none.
    """

    def __init__(
        self,
        model: BaseModel,
        data: BaseData,
        config: LoopConfig,
        logger: Logger | None = None,
        evaluator: BaseEvaluator | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ):
        self.model = model
        self.model.network.stop_training = False
        self.data = data
        self.config = config
        self.logger = logger
        self.evaluator = evaluator
        self.task = data.task
        self.checkpoint = config.checkpoint.of_task(self.task)
        self._check_monitor()
        self.step_in_epoch = 0
        self.history: list[float] = []
        self.seconds = 0.0
        self.images: list[np.ndarray] = []
        self._started = time.monotonic()
        self._end_missing = False
        self.window = LossWindow()
        self.interrupts = Interrupts()
        self.progress = TrainingProgress(config.epochs, data.steps_per_epoch, data.config.batch_size, config.max_steps)
        params = {"epochs": config.epochs, "steps": data.steps_per_epoch, "verbose": 0}
        made = [*build_callbacks(config.callbacks), *callbacks]
        self.callbacks = keras.callbacks.CallbackList(made, model=model.network, **params)

    @abstractmethod
    def train_step(self, batch: Batch) -> dict[str, Any]:
        """One update of the weights; returns name → loss, scalars that may still be on their way from the device."""

    def predict_step(self, batch: Batch) -> dict[str, np.ndarray]:
        """The predictions for a batch without targets, as the evaluator's `update` reads them: name → array (B, …)."""
        return {key: keras.ops.convert_to_numpy(value) for key, value in self.model.predict(batch).items()}

    def state(self) -> dict[str, np.ndarray]:
        """What a checkpoint keeps of the trainer, by name."""
        return {}

    def load_state(self, arrays: dict[str, np.ndarray]) -> None:  # noqa: B027  (nothing to load by default)
        """Restores what `state()` returned."""

    def ema(self) -> dict[str, np.ndarray]:
        """Variable path → the EMA (exponential moving average) of a weight, where the trainer keeps it."""
        return {}

    def train(self) -> None:
        """Runs from where the model stands to the end of the last epoch.

        Raises:
            Interrupted: Ctrl-C or SIGTERM; a checkpoint was written.
            NonFiniteLossError: a loss was NaN or infinite.
        """
        self.model.network.stop_training = False
        self._started = time.monotonic() - self.seconds
        self.callbacks.on_train_begin()
        with Interrupts() as self.interrupts:
            try:
                if self._end_missing or not self.config.epochs:
                    self.end_epoch()
                while not self.finished():
                    self.callbacks.on_epoch_begin(self.model.cur_epoch)
                    self.progress.start_epoch(self.model.cur_epoch, self.step_in_epoch)
                    self.train_epoch()
                    self.end_epoch()
            finally:
                self.progress.stop()
        self.callbacks.on_train_end()
        self._leave_if_interrupted()

    def train_epoch(self) -> None:
        """The steps of one epoch that are still to be made."""
        for batch in self.data.train_batches(self.model.cur_epoch, self.step_in_epoch):
            if not self.model.global_step:
                self.model.check_batch(batch)
            self.callbacks.on_train_batch_begin(self.step_in_epoch)
            losses = self.train_step(batch)
            self.end_step(batch, losses)
            if self.steps_done() or self.model.network.stop_training:
                return

    def end_step(self, batch: Batch, losses: dict[str, Any]) -> None:
        """Counts the step, and logs, saves and stops where it is time to."""
        self.model.global_step += 1
        self.step_in_epoch += 1
        self.window.push(self.model.global_step, batch["image_id"].tolist(), losses)
        self.callbacks.on_train_batch_end(self.step_in_epoch - 1, losses)
        self.progress.advance(self.step_in_epoch)
        if self.step_in_epoch % self.config.log_every == 0:
            self.log_losses()
        every = self.checkpoint.every_steps
        if every and self.model.global_step % every == 0 and self.step_in_epoch < self.data.steps_per_epoch:
            self.save({})
        self.stop_if_interrupted()

    def end_epoch(self) -> None:
        """Saves and validates, moves the counters on, saves again with the metrics.

        Callbacks hear of the epoch before that last checkpoint, so what they change in network and optimizer is in it.
        """
        self.log_losses()
        self.progress.stop()
        self._end_missing = False
        metrics = self._validate_where_due()
        logs = metrics | {f"val_{name}": value for name, value in metrics.items()}
        self.callbacks.on_epoch_end(self.model.cur_epoch, logs)
        metrics = metrics or self._validate_where_due()  # a callback may have ended the run just now
        if self.step_in_epoch >= self.data.steps_per_epoch:
            self.model.cur_epoch += 1
            self.step_in_epoch = 0
        self.save(metrics)

    def _validate_where_due(self) -> dict[str, float]:
        if self.evaluator is None or not self.validation_due():
            return {}
        self.save({})  # an error, a kill or too little memory in the validation must not cost the epoch
        metrics = self.validate()
        self.history += [metrics[name] for name in [self.checkpoint.monitor] if name in metrics]
        return metrics

    def validate(self) -> dict[str, float]:
        """Metrics of the validation split, logged under `val`."""
        if self.evaluator is None:
            raise ValueError("The trainer was made without an evaluator, so it cannot validate.")
        started = time.monotonic()
        metrics = self.evaluate("val", self.evaluator)
        self.stop_if_interrupted()
        if self.logger:
            self.logger.summarize(self.model.global_step, metrics, "val")
        self._check_monitor(metrics)
        monitor = str(self.checkpoint.monitor)
        log.info("validation: %s %.4f (%.0f s)", monitor, metrics[monitor], time.monotonic() - started)
        return metrics

    def evaluate(self, split: str, evaluator: BaseEvaluator) -> dict[str, float]:
        """The evaluator's metrics over all images of a split; `{}` when a signal ended it half way."""
        evaluator.reset()
        for batch in self.data.eval_batches(split):
            predictions = self.predict_step(self.task.inputs(batch))
            evaluator.update(batch, predictions)
            self.on_evaluated(split, batch, predictions, evaluator.ground_truth)
            if self.interrupts.received is not None:
                return {}
        return evaluator.result()

    def on_evaluated(self, split: str, batch: Batch, predictions: dict[str, np.ndarray], ground_truth: Any) -> None:  # noqa: B027
        """Called after each batch of an evaluation: the place to keep some images."""

    def restore(self, checkpoint: Checkpoint) -> None:
        """Resumes the run where the checkpoint, already loaded into the model, left it, with the raw weights, whichever
        were loaded.

        Raises:
            UserError: it was written within an epoch of other data.
        """
        meta = checkpoint.meta
        self._check_data(checkpoint)
        load_network_arrays(self.model.network, part(checkpoint.arrays, "network"))
        self.load_state(part(checkpoint.arrays, "trainer"))
        self.step_in_epoch = meta["position"]
        self.history = list(meta["history"])
        self.seconds = meta["seconds"]
        restore_random_states(meta["random"])
        # The last step may be made and its validation not: the loop would not come to it again.
        due = self.evaluator is not None and self.validation_due()
        self._end_missing = self.steps_done() and self.step_in_epoch > 0 and not meta["validated"] and due
        self._roll_back_metrics(validated=meta["validated"])
        log.info("resumed after step %d (epoch %d)", self.model.global_step, self.model.cur_epoch + 1)

    def load_best(self) -> Checkpoint:
        """Fills model and trainer from the checkpoint that the monitored metric names; the last without validations.

        The network gets the weights that were validated: the EMA weights, where there are any.
        """
        checkpoint = self.model.load("best" if np.isfinite(self.history).any() else "last")
        self.load_state(part(checkpoint.arrays, "trainer"))
        return checkpoint

    def save(self, metrics: dict[str, float]) -> None:
        """Writes a checkpoint of the moment; never one with weights that are not finite."""
        self.log_losses()
        self._check_weights()
        self.seconds = time.monotonic() - self._started
        meta = {
            "seconds": self.seconds,
            "position": self.step_in_epoch,
            "validated": bool(metrics),
            "metrics": {name: value for name, value in metrics.items() if np.isfinite(value)},
            "history": self.history,
            "random": random_states(),
            "data": self._data_identity(),
            "monitor": [self.checkpoint.monitor, self.checkpoint.mode],
        }
        self.model.save(self.state(), meta, self.ema())

    def log_losses(self) -> None:
        """Reads the losses since the last call and hands their means to the progress and the logger."""
        losses = self.window.flush()
        if not losses:
            return
        speed = self.progress.report(self.model.cur_epoch, self.step_in_epoch, losses)
        if self.logger:
            row = {f"loss/{name}": value for name, value in losses.items()} | self.extra_scalars()
            self.logger.summarize(self.model.global_step, row | {"images_per_second": speed}, "train")

    def extra_scalars(self) -> dict[str, float]:
        """More values for each logged row, the learning rate for example."""
        return {}

    def finished(self) -> bool:
        """Whether the last epoch is done, the last step, or something asked for the end."""
        stopping = self.config.early_stopping
        early = stopping is not None and should_stop(self.history, stopping, self.checkpoint.mode or "max")
        asked = self.model.network.stop_training
        return self.model.cur_epoch >= self.config.epochs or self.steps_done() or early or asked

    def steps_done(self) -> bool:
        """Whether `max_steps` are made."""
        return self.config.max_steps is not None and self.model.global_step >= self.config.max_steps

    def validation_due(self) -> bool:
        """After every n-th epoch, and where the run ends, be it by a callback."""
        every = self.config.validate_every
        stopped = self.steps_done() or self.model.network.stop_training
        last = self.model.cur_epoch + 1 >= self.config.epochs or stopped
        return bool(every) and (last or (self.model.cur_epoch + 1) % every == 0)

    def stop_if_interrupted(self) -> None:
        """Saves and leaves when a signal has come."""
        if self.interrupts.received is not None:
            self.save({})
            self._leave_if_interrupted()

    def _leave_if_interrupted(self) -> None:
        received = self.interrupts.received
        if received is None:
            return
        raise Interrupted(
            f"Stopped by {received.name} after step {self.model.global_step}; a checkpoint was written. The same "
            "command with --resume continues from there.",
            received,
        )

    def _roll_back_metrics(self, validated: bool) -> None:
        """Rolls back the logged rows that the resumed run writes again for a step that it does not make again."""
        if self.logger is None:
            return
        if not validated:
            self.logger.roll_back(self.model.global_step, "val")
        # The final metrics are those of the session that reaches the end, whichever step they are of.
        self.logger.roll_back(0, "test")

    def _check_monitor(self, metrics: dict[str, float] | None = None) -> None:
        """Before the first step by the names that the evaluator knows, later by the metrics that it gave."""
        given = sorted(metrics or (self.evaluator.names if self.evaluator else ()))
        if given and self.checkpoint.monitor not in given:
            near = nearest(str(self.checkpoint.monitor), given)
            raise UserError(
                f"trainer.checkpoint.monitor is {self.checkpoint.monitor!r}, which no validation gives"
                f"{f'; did you mean {near}?' if near else '.'} The evaluator gives: {', '.join(given)}."
            )

    def _check_weights(self) -> None:
        for path, value in network_arrays(self.model.network).items():
            if not np.isfinite(value).all():
                raise UserError(
                    f"The variable {path} is not finite after step {self.model.global_step}; no checkpoint of that is "
                    "written, the previous one is kept. Lower trainer.optimizer.learning_rate or set clip_norm."
                )

    def _check_data(self, checkpoint: Checkpoint) -> None:
        before, now = checkpoint.meta["data"], self._data_identity()
        if "spec" not in checkpoint.meta and before[1:] == now[1:]:
            log.warning("%s is of version 0.1.0, so it is not known whether the data are the same.", checkpoint.path)
            return
        if before == now:
            return
        found = f"{checkpoint.path} was written on other data ({before}) than these ({now})"
        if checkpoint.meta["position"]:
            raise UserError(
                f"{found}, within an epoch, so its position in the epoch is meaningless here. Restore the data, the "
                "seed and the batch size that it had, or start a new run."
            )
        log.warning("%s: fingerprint, seed, batch size. THE RUN CONTINUES WITH THE NEW ONES.", found)

    def _data_identity(self) -> list[Any]:
        return [self.data.fingerprint, self.data.seed, self.data.config.batch_size]
