"""How long it takes from nothing to the first training step, and the most memory a training needs.

A process of its own, since neither can be seen from within one that has done other things: `first_step(…)` starts it.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

STEPS = 8
"""Training steps after which memory is read."""
_ROOT = Path(__file__).resolve().parents[2]


def first_step(config: str, overrides: Sequence[str]) -> dict[str, float]:
    """Trains a few steps in a fresh process.

    Args:
        config: path of the config. overrides: as on the command line.

    Returns:
        `seconds` from the start of the process to the end of its first training step: imports, network, compilation;
        `peak_mb`, the most memory it held, in 10⁶ bytes.

    Raises:
        RuntimeError: the process failed; the message is what it said last.
    """
    code = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from trainers.speed.first_step import run; run()"
    command = [sys.executable, "-c", code, json.dumps([config, *overrides])]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        word = process.stdout.readline() if process.stdout else ""
        taken = time.perf_counter() - started
        said, complaint = process.communicate()
    if process.returncode or word.strip() != "first":
        raise RuntimeError(f"a training of {STEPS} steps in a process of its own failed: {complaint.strip()[-2000:]}")
    return {"seconds": taken, "peak_mb": float(said.split()[-1])}


def run() -> None:
    """The process: says `first` after its first step, and at the end how many megabytes it held at most."""
    path, *overrides = json.loads(sys.argv[1])
    from utils.config import process_config  # noqa: PLC0415 - what is imported is part of what is measured
    from utils.seeds import seed_everything, set_precision  # noqa: PLC0415

    config = process_config(path, overrides)
    seed_everything(config.exp.seed)
    set_precision(config.trainer.precision)
    from trainers.speed.subject import subject_of  # noqa: PLC0415
    from trainers.speed.timing import wait_for  # noqa: PLC0415

    subject = subject_of(config)
    for step in range(STEPS):
        wait_for(subject.steps.train(subject.batch))
        if not step:
            print("first", flush=True)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)
