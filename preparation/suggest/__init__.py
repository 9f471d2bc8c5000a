"""The config that fits a data set and a machine, each choice with its reason."""

from preparation.suggest.choice import Suggestion
from preparation.suggest.machine import Machine
from preparation.suggest.stats import DataStats
from preparation.suggest.suggest import suggest
from preparation.suggest.write import write_suggestion

__all__ = ["DataStats", "Machine", "Suggestion", "suggest", "write_suggestion"]
