"""A program: starts `mains/train_main.py` again and again in child processes that get a signal, until one is let alone.

    python tests/toy/killed_runs.py CONFIG MOMENT…

A moment is `SIGNALS:WHEN:NUMBER`. Signals: `kill`, `int`, `term`, or several, `int+int`. When: `step` (after that
global step), `validation` (before the n-th validation batch of the session), `writing` (before the n-th renaming of the
session: while a checkpoint is written or removed), `renamed` (the n-th checkpoint has its name), `logged` (the n-th
validation is logged, its checkpoint not begun), `between` (2.7: after the session's second step, 0.7 × 20 ms later,
whatever goes on then, but before its third step). The first session is a new run, the others resume; a last one without
a signal ends it. Prints each exit code, minus the signal's number where a signal ended the session.

Everything is imported once, then each session is a fork: nothing of Keras has run in the parent.
"""

import math
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import utils.logger.writers.tensorboard  # noqa: F401  (imported here, so that no session has to)
from base.base_train import BaseTrain
from base.checkpoint import CheckpointSaver
from mains import train_main
from tests.toy import toy_data, toy_evaluator, toy_model  # noqa: F401
from tests.toy.toy_train import ToyTrain
from utils.args import run_main

PLACES = {
    "validation": (ToyTrain, "predict_step", True),
    "writing": (Path, "rename", True),
    "renamed": (CheckpointSaver, "_write_new", False),
    "logged": (BaseTrain, "validate", False),
}


def send(signals):
    for name in signals:
        os.kill(os.getpid(), getattr(signal, f"SIG{name.upper()}"))


def at_call(owner, name, before, number, signals):
    """Sends the signals before or after the `number`-th call of `owner.name`."""
    original = getattr(owner, name)
    calls = []

    def counting(*args, **kwargs):
        calls.append(1)
        if before and len(calls) == number:
            send(signals)
        result = original(*args, **kwargs)
        if not before and len(calls) == number:
            send(signals)
        return result

    setattr(owner, name, counting)


def at_step(step, signals):
    original = ToyTrain.train_step

    def train_step(self, batch):
        losses = original(self, batch)
        if self.model.global_step + 1 == step:
            send(signals)
        return losses

    ToyTrain.train_step = train_step


def between_steps(steps, part, signals):
    """Sends the signals `part` × 20 ms after so many steps of the session; the step after that waits for them."""
    original = ToyTrain.train_step
    made = []

    def train_step(self, batch):
        if len(made) == steps:
            time.sleep(60)
        losses = original(self, batch)
        made.append(1)
        if len(made) == steps:
            threading.Timer(0.02 * part, send, [signals]).start()
        return losses

    ToyTrain.train_step = train_step


def plan(moment):
    signals, when, number = moment.split(":")
    if when == "step":
        at_step(int(number), signals.split("+"))
    elif when == "between":
        part, steps = math.modf(float(number))
        between_steps(int(steps), part, signals.split("+"))
    else:
        at_call(*PLACES[when], int(number), signals.split("+"))


def session(config, moment, resume):
    """One session in a child process; returns its exit code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        if moment:
            plan(moment)
        sys.argv = ["train_main.py", "-c", config, *(["--resume"] if resume else [])]
        run_main(train_main.main)
    except SystemExit as end:
        code = end.code
    except BaseException:  # what no handler took is shown as Python would show it
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(code)


def main():
    config, *moments = sys.argv[1:]
    for number, moment in enumerate([*moments, ""]):
        print(f"exit code {session(config, moment, resume=number > 0)} at {moment or 'the end'}", flush=True)


if __name__ == "__main__":
    main()
