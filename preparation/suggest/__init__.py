"""The config that fits a data set and a machine, each choice with its reason."""

from preparation.suggest.choice import Suggestion
from preparation.suggest.labels import suggest_labels
from preparation.suggest.machine import Machine
from preparation.suggest.stats import DataStats, LabelStats
from preparation.suggest.suggest import suggest
from preparation.suggest.write import write_suggestion

__all__ = ["DataStats", "LabelStats", "Machine", "Suggestion", "suggest", "suggest_labels", "write_suggestion"]
