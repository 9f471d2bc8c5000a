"""How much memory this process may still take."""

from pathlib import Path


def available_memory(root: Path = Path("/")) -> int | None:
    """Bytes that can be taken without swapping: what the machine has left, or what its control group has left if less.

    Args:
        root: the folder that holds `proc` and `sys`.

    Returns:
        None where neither is known, as outside of Linux.
    """
    found = [_machine(root), _control_group(root, "memory.max", "memory.current", "memory.stat")]
    found.append(
        _control_group(root, "memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat")
    )
    known = [number for number in found if number is not None]
    return max(0, min(known)) if known else None


def _machine(root: Path) -> int | None:
    kilobytes = _lines(root / "proc/meminfo").get("MemAvailable:")
    return None if kilobytes is None else kilobytes * 1024


def _control_group(root: Path, limit: str, usage: str, statistics: str) -> int | None:
    """Limit minus usage; pages of files that the kernel would drop do not count as used. None without a limit."""
    folder = root / "sys/fs/cgroup"
    try:
        free = int((folder / limit).read_text()) - int((folder / usage).read_text())
    except (OSError, ValueError):  # no such group, or a limit of "max"
        return None
    counted = _lines(folder / statistics)
    return free + counted.get("total_inactive_file", counted.get("inactive_file", 0))


def _lines(path: Path) -> dict[str, int]:
    """The lines `name number …` of a file; empty where it cannot be read."""
    try:
        words = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return {}
    return {line[0]: int(line[1]) for line in words if len(line) > 1 and line[1].isdecimal()}
