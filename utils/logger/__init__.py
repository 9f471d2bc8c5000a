"""One door to TensorBoard, Comet and `metrics.jsonl`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from utils.logger.config import LoggerConfig
    from utils.logger.logger import Logger

__all__ = ["Logger", "LoggerConfig"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: the config must not drag the writers in."""
    if name == "Logger":
        from utils.logger.logger import Logger  # noqa: PLC0415

        return Logger
    if name == "LoggerConfig":
        from utils.logger.config import LoggerConfig  # noqa: PLC0415

        return LoggerConfig
    raise AttributeError(f"module 'utils.logger' has no attribute {name!r}; it has {', '.join(__all__)}")
