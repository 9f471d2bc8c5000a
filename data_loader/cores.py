"""How many cores there are to work on."""

import os


def usable_cores() -> int:
    """Cores that this process may use: in a container or under `taskset` fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):  # macOS and Windows have none
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
