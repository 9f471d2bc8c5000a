"""One strict object for the whole config of a run: `process_config(path, overrides)`."""

from utils.config.errors import ConfigError
from utils.config.process import check_config, process_config
from utils.config.root import Config, ExpConfig
from utils.config.section import Section

__all__ = ["Config", "ConfigError", "ExpConfig", "Section", "check_config", "process_config"]
