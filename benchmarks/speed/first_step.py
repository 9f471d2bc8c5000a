"""How long it takes from nothing to the first training step, and the most memory a training needs.

A process of its own, since neither can be seen from within one that has done other things: `first_step(…)` starts it.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from utils.errors import UserError

STEPS = 8
"""Training steps after which memory is read."""
FIRST, PEAK = "maskeras: first step done", "maskeras: most memory, bytes:"
"""The beginnings of the lines that are read from the process; whatever else it prints is ignored."""
_ROOT = Path(__file__).resolve().parents[2]


def first_step(config: str, overrides: Sequence[str]) -> dict[str, float]:
    """Trains a few steps in a fresh process.

    Args:
        config: path of the config. overrides: as on the command line.

    Returns:
        `seconds` from the start of the process to the end of its first training step: imports, network, compilation;
        `peak_mb`, the most host memory it held, in 10⁶ bytes.

    Raises:
        UserError: the process met one; the message is the same.
        RuntimeError: the process failed otherwise; the message is what it said last.
    """
    code = (
        f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from utils.args import run_main; "
        "from benchmarks.speed.first_step import run; run_main(run)"
    )
    command = [sys.executable, "-c", code, json.dumps([config, *overrides])]
    found: dict[str, float] = {}
    # A file takes any amount; a pipe that nobody reads meanwhile would stop the process when it is full.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaint:
        started = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaint, text=True) as process:
            for line in process.stdout or ():
                if line.startswith(FIRST):
                    found["seconds"] = time.perf_counter() - started
                elif line.startswith(PEAK):
                    found["peak_mb"] = float(line.removeprefix(PEAK)) / 1e6
        complaint.seek(0)
        _check(process.returncode, found, complaint.read().strip())
    return found


def _check(code: int, found: dict[str, float], said: str) -> None:
    what = f"a training of {STEPS} steps in a process of its own"
    if code == UserError.exit_code:
        reason = f"\n{said}".rpartition("\nerror: ")[2]
        raise UserError(f"{what}: {reason}")
    if code or len(found) != 2:
        raise RuntimeError(f"{what} failed with exit code {code}: {said[-2000:] or 'it said nothing'}")


def run() -> None:
    """The process: says when its first step is done, and at the end how much memory it held at most."""
    from utils.config import process_config  # noqa: PLC0415 - what is imported is part of what is measured
    from utils.console import load_keras  # noqa: PLC0415
    from utils.seeds import seed_everything, set_precision  # noqa: PLC0415

    path, *overrides = json.loads(sys.argv[1])
    config = process_config(path, overrides)
    load_keras()
    seed_everything(config.exp.seed)
    set_precision(config.trainer.precision)
    from benchmarks.speed.case import case_of  # noqa: PLC0415
    from benchmarks.speed.timing import wait_for  # noqa: PLC0415

    case = case_of(config)
    for step in range(STEPS):
        wait_for(case.train(case.batch))
        if not step:
            print(FIRST, flush=True)
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes on macOS, KiB on Linux
    print(PEAK, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)
